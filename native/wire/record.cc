#include "wire/record.h"

#include <algorithm>
#include <cstring>

#include "wire/format.h"

namespace wire {

size_t Record::Bytes() const {
  return kHeaderBytes + static_cast<size_t>(std::max(key_length, 0)) + static_cast<size_t>(std::max(value_length, 0)) +
         headers_length;
}

size_t Record::End(size_t position) const { return Aligned(position + Bytes()); }

const uint8_t* ReadRecord(const uint8_t* pack, size_t size, size_t position, Record* record) {
  if (position + Record::kHeaderBytes > size) return nullptr;
  std::memcpy(record, pack + position, sizeof *record);
  return position + record->Bytes() <= size ? pack + position + Record::kHeaderBytes : nullptr;
}

rd::Headers ReadHeaders(const uint8_t* block, size_t length) {
  if (length < 4) return nullptr;
  const uint8_t* at = block + 4;
  const uint8_t* const end = block + length;
  auto fits = [&](size_t bytes) { return bytes <= static_cast<size_t>(end - at); };
  rd::Headers headers(rd_kafka_headers_new(0));
  for (auto left = Get<uint32_t>(block); left > 0 && fits(4); left--) {
    const auto name_length = Get<uint32_t>(at);
    at += 4;
    if (!fits(size_t{name_length} + 4)) break;
    const auto* name = reinterpret_cast<const char*>(at);
    const auto value_length = Get<int32_t>(at + name_length);
    at += size_t{name_length} + 4;
    const auto value_bytes = static_cast<size_t>(std::max(value_length, 0));
    if (!fits(value_bytes)) break;
    rd_kafka_header_add(headers.get(), name, static_cast<ssize_t>(name_length), value_length < 0 ? nullptr : at,
                        static_cast<ssize_t>(value_bytes));
    at += value_bytes;
  }
  return headers;
}

}  // namespace wire
