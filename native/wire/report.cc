#include "wire/report.h"

#include <cstring>

#include "wire/format.h"

namespace wire {

Slab PackReports(const std::vector<Report>& reports) {
  const size_t n = reports.size();
  const size_t words = Aligned(n * 4);
  Slab slab = Slab::Of(8 + n * 16 + words * 5);
  std::memset(slab.data.get(), 0, slab.size);
  *reinterpret_cast<int32_t*>(slab.data.get()) = static_cast<int32_t>(n);
  auto* offsets = reinterpret_cast<double*>(slab.data.get() + 8);
  double* timestamps = offsets + n;
  uint8_t* column = slab.data.get() + 8 + n * 16;
  for (size_t i = 0; i < n; i++) {
    const Report& report = reports[i];
    offsets[i] = report.offset;
    timestamps[i] = report.timestamp;
    reinterpret_cast<uint32_t*>(column)[i] = report.slot;
    reinterpret_cast<uint32_t*>(column + words)[i] = report.index;
    reinterpret_cast<int32_t*>(column + words * 2)[i] = report.error;
    reinterpret_cast<int32_t*>(column + words * 3)[i] = report.partition;
    reinterpret_cast<int32_t*>(column + words * 4)[i] = report.status;
  }
  return slab;
}

}  // namespace wire
