// Messages of one lane -> chunks, in the format of wire/format.h. No Node-API here.
#pragma once

#include "rd.h"
#include "wire/slab.h"

namespace wire {

constexpr size_t kMaxMessages = 4096;
// A kept message pins its chunk, so chunks stay small; but JavaScript does as much for a small one as for a large one.
// A larger message gets a chunk of its own.
constexpr size_t kChunkBytes = 512 * 1024;

// The parts of a message to pack, and the text columns that are worth a scan for ASCII.
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

}  // namespace wire
