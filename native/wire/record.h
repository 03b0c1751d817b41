// Packs of records to produce, in the format of wire/format.h. No Node-API here.
#pragma once

#include "rd.h"
#include "wire/slab.h"

namespace wire {

struct Record {
  int32_t topic;
  int32_t partition;
  uint32_t slot;
  uint32_t index;
  int32_t key_length;
  int32_t value_length;
  uint32_t headers_length;
  int32_t reserved;
  double timestamp;

  static constexpr size_t kHeaderBytes = 40;
  size_t Bytes() const;
  // Where the record after this one starts.
  size_t End(size_t position) const;
};
static_assert(sizeof(Record) == Record::kHeaderBytes, "the JavaScript side writes 40 bytes");

// Reads the record at `position` and gives its payload; null at the end, and where the pack is cut off.
const uint8_t* ReadRecord(const uint8_t* pack, size_t size, size_t position, Record* record);
// Null when there are none. Reads nothing behind `length`, whatever the block says.
rd::Headers ReadHeaders(const uint8_t* block, size_t length);

}  // namespace wire
