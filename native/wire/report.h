// Delivery reports as columns, in the format of wire/format.h. No Node-API here.
#pragma once

#include "wire/slab.h"

namespace wire {

struct Report {
  double offset;
  double timestamp;
  uint32_t slot;
  uint32_t index;
  int32_t error;
  int32_t partition;
  int32_t status;
};
Slab PackReports(const std::vector<Report>& reports);

}  // namespace wire
