// What crosses the boundary: chunks of messages, packs of records, delivery reports. This page is the format;
// lib/message/chunk.ts, lib/produce/record-pack.ts and lib/produce/report.ts are its other side. Everything is
// little-endian. No Node-API here: see test/native.
//
// A chunk is one allocation. Header, Int32[16]:
//   [0] version = 1   [1] lane   [2] count n (>= 1)
//   [3] flags: bit 0 headersLength column present, bit 1 timestamps column present, bit 2 every value byte < 0x80,
//       bit 3 every key byte < 0x80; bits 8-9 timestamp type of all messages (0 none, 1 create, 2 log append)
//   [4],[5] base offset, low and high word   [6] leader epoch of all messages (-1 unknown)
//   [7] arena position in the chunk   [8] arena length in bytes   [9..15] zero
// then columns of n elements, each starting at a multiple of 8, in this order:
//   timestamps Float64 (if bit 1) | offsetDelta Uint32 | start Uint32 | keyLength Int32 (-1 null) |
//   valueLength Int32 (-1 null) | headersLength Int32 (if bit 0)
// then the arena: per record key bytes, value bytes, header block, back to back.
//
// A header block: u32 count, then per header u32 nameLength, name, i32 valueLength (-1 null), value. Not aligned.
//
// A pack is records back to back, each 8-aligned:
//   i32 topic id | i32 partition (-1 partitioner) | u32 slot | u32 index | i32 keyLength (-1 null) |
//   i32 valueLength (-1 null) | u32 headersLength (0 none) | i32 zero | f64 timestamp (0 = now) | key | value | header
//   block
//
// Delivery reports: Int32[2] header { n, 0 }, then columns of n elements:
//   offset Float64 | timestamp Float64 | slot Uint32 | index Uint32 | error Int32 | partition Int32 | status Int32
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wire {

inline size_t Aligned(size_t size) { return (size + 7) & ~size_t{7}; }

template <class T>
void Put(uint8_t*& at, T value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

template <class T>
T Get(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace wire
