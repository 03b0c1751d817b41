// rd_kafka_message_t*[] of one lane -> chunks; producer packs and delivery reports. No Node-API here: see test/native.
//
// A chunk is one allocation, little-endian. Header, Int32[16]:
//   [0] version = 1   [1] lane   [2] count n (>= 1)
//   [3] flags: bit 0 headersLength column present, bit 1 timestamps column present, bit 2 every value byte < 0x80,
//       bit 3 every key byte < 0x80; bits 8-9 timestamp type of all messages (0 none, 1 create, 2 log append)
//   [4],[5] base offset, low and high word   [6] leader epoch of all messages (-1 unknown)
//   [7] arena position in the chunk   [8] arena length in bytes   [9..15] zero
// then columns of n elements, each starting at a multiple of 8, in this order:
//   timestamps Float64 (if bit 1) | offsetDelta Uint32 | start Uint32 | keyLength Int32 (-1 null) |
//   valueLength Int32 (-1 null) | headersLength Int32 (if bit 0)
// then the arena: per record key bytes, value bytes, header block, back to back.
// Header block: u32 count, then per header u32 nameLength, name, i32 valueLength (-1 null), value. Not aligned.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "rd.h"

namespace batch {

constexpr size_t kMaxMessages = 4096;
// A kept message pins its chunk, so chunks stay small; but JavaScript does as much for a small one as for a large one.
// A larger message gets a chunk of its own.
constexpr size_t kChunkBytes = 512 * 1024;

struct Free {
  void operator()(uint8_t* pointer) const noexcept { std::free(pointer); }
};

using Block = std::unique_ptr<uint8_t, Free>;

// Keeps the blocks of collected chunks for new ones: fresh memory costs a page fault every 4 KiB, which at a gigabyte a
// second is more than the copying. One an environment; blocks come back on its JS thread, when chunks are collected,
// and those of packs on a poll thread.
class SlabPool {
 public:
  // Holds a full chunk of small messages with its columns.
  static constexpr size_t kBlockBytes = 640 * 1024;
  // Smaller and larger ones are allocated to measure.
  static constexpr size_t kLeastBytes = 160 * 1024;
  // About what collects between two runs of the garbage collector at full rate.
  static constexpr size_t kMostBlocks = 64;

  Block Take();
  void Put(Block block);

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
};

// One heap block on its way to JavaScript.
struct Slab {
  Block data;
  size_t size = 0;
  std::shared_ptr<SlabPool> pool;

  static Slab Of(size_t size, const std::shared_ptr<SlabPool>& pool = nullptr);
  Slab() = default;
  Slab(Slab&&) = default;
  Slab& operator=(Slab&&) = default;
  ~Slab() {
    if (pool && data) pool->Put(std::move(data));
  }
};

// Which parts of a message are marshalled, and which text columns are worth a scan for ASCII.
struct Fields {
  bool key = true;
  bool value = true;
  bool timestamp = true;
  bool headers = true;
  bool scan_keys = false;
  bool scan_values = false;
};

struct Chunk {
  Slab slab;
  uint32_t count = 0;
};

// Packs messages[from..] until the chunk is full or the run ends (an error message, another timestamp type or leader
// epoch, an offset before the first one or beyond 32 bits from it). Advances *from past what was packed; needs
// messages[*from]->err == 0.
Chunk PackRun(rd_kafka_message_t* const* messages, size_t count, size_t* from, int32_t lane, const Fields& fields,
              const std::shared_ptr<SlabPool>& pool);

// ---- producer: one pack is records back to back, each 8-aligned ----
//   i32 topic id | i32 partition (-1 partitioner) | u32 slot | u32 index | i32 keyLength (-1 null) |
//   i32 valueLength (-1 null) | u32 headersLength (0 none) | i32 zero | f64 timestamp (0 = now) | key | value | header
//   block
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

// ---- delivery reports: Int32[2] header { n, 0 }, then columns ----
//   offset Float64 | timestamp Float64 | slot Uint32 | index Uint32 | error Int32 | partition Int32 | status Int32
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

}  // namespace batch
