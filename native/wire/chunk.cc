#include "wire/chunk.h"

#include <algorithm>
#include <cstring>

#include "wire/format.h"

namespace wire {

namespace {

constexpr size_t kHeaderBytes = 64;
constexpr int32_t kHasHeaders = 1, kHasTimestamps = 2, kAsciiValues = 4, kAsciiKeys = 8;

bool IsAscii(const uint8_t* data, size_t length) {
  uint64_t seen = 0;
  size_t i = 0;
  for (; i + 8 <= length; i += 8) seen |= Get<uint64_t>(data + i);
  for (; i < length; i++) seen |= data[i];
  return (seen & 0x8080808080808080u) == 0;
}

// Asking librdkafka for headers costs an allocation even when there are none, on every message. A leader epoch means
// that the message is of a version 2 record batch, in which the value is followed by the number of headers as a varint,
// in the same buffer: a zero byte there says that there are none. (Older formats have neither epoch nor headers.) Not
// so for an empty value, which librdkafka gives as "" from elsewhere.
bool HasNoHeaders(const rd_kafka_message_t* message, int32_t leader_epoch) {
  return leader_epoch >= 0 && message->payload != nullptr && message->len > 0 &&
         static_cast<const uint8_t*>(message->payload)[message->len] == 0;
}

#ifdef _MSC_VER
#define __builtin_prefetch(address) static_cast<void>(address)
#endif

// Another thread wrote what HasNoHeaders() looks at: a cache miss a message, unless it is on its way by then.
void PrefetchEnd(rd_kafka_message_t* const* messages, size_t count, size_t i) {
  if (i + 16 < count) __builtin_prefetch(messages[i + 16]);
  if (i + 8 >= count) return;
  const rd_kafka_message_t* message = messages[i + 8];
  __builtin_prefetch(static_cast<const uint8_t*>(message->payload) + message->len);
}

const rd_kafka_headers_t* HeadersOf(const rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nullptr;
}

// Calls visit(name, value or nullptr, size) for each header, in order.
template <class Visit>
void EachHeader(const rd_kafka_headers_t* headers, Visit visit) {
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
    visit(name, value, size);
  }
}

size_t HeaderBlockBytes(const rd_kafka_headers_t* headers) {
  if (headers == nullptr) return 0;
  size_t bytes = 4;
  EachHeader(headers, [&](const char* name, const void*, size_t size) { bytes += 8 + std::strlen(name) + size; });
  return bytes;
}

void PutHeaderBlock(uint8_t*& at, const rd_kafka_headers_t* headers) {
  Put<uint32_t>(at, static_cast<uint32_t>(rd_kafka_header_cnt(headers)));
  EachHeader(headers, [&](const char* name, const void* value, size_t size) {
    size_t name_length = std::strlen(name);
    Put<uint32_t>(at, static_cast<uint32_t>(name_length));
    std::memcpy(at, name, name_length);
    at += name_length;
    Put<int32_t>(at, value == nullptr ? -1 : static_cast<int32_t>(size));
    if (value != nullptr) std::memcpy(at, value, size);
    if (value != nullptr) at += size;
  });
}

struct Lengths {
  int32_t key, value, headers;
};

}  // namespace

Chunk PackRun(rd_kafka_message_t* const* messages, size_t count, size_t* from, int32_t lane, const Fields& fields,
              const std::shared_ptr<SlabPool>& pool) {
  const size_t first = *from;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  if (fields.timestamp) rd_kafka_message_timestamp(messages[first], &type);
  const int32_t epoch = rd_kafka_message_leader_epoch(messages[first]);
  const int64_t base = messages[first]->offset;

  // Pass 1: how far the run goes and how many bytes its arena needs (columns stand before the arena).
  Lengths lengths[kMaxMessages];
  size_t arena_bytes = 0, n = 0;
  bool has_headers = false;
  for (size_t i = first; i < count && n < kMaxMessages; i++) {
    const rd_kafka_message_t* message = messages[i];
    PrefetchEnd(messages, count, i);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (i != first) {
      rd_kafka_timestamp_type_t other = type;
      if (fields.timestamp) rd_kafka_message_timestamp(message, &other);
      if (other != type || rd_kafka_message_leader_epoch(message) != epoch) break;
      // Also back: after a truncated log librdkafka goes on where it begins, behind what it had fetched before.
      if (message->offset < base || message->offset - base > int64_t{UINT32_MAX}) break;
    }
    Lengths& length = lengths[n];
    length.key = !fields.key || message->key == nullptr ? -1 : static_cast<int32_t>(message->key_len);
    length.value = !fields.value || message->payload == nullptr ? -1 : static_cast<int32_t>(message->len);
    length.headers = !fields.headers || HasNoHeaders(message, epoch)
                         ? 0
                         : static_cast<int32_t>(HeaderBlockBytes(HeadersOf(message)));
    size_t bytes = static_cast<size_t>(std::max(length.key, 0)) + static_cast<size_t>(std::max(length.value, 0)) +
                   static_cast<size_t>(length.headers);
    if (n > 0 && arena_bytes + bytes > kChunkBytes) break;
    arena_bytes += bytes;
    has_headers = has_headers || length.headers > 0;
    n++;
  }

  const size_t words = Aligned(n * 4);
  const size_t arena_at = kHeaderBytes + (fields.timestamp ? n * 8 : 0) + words * (has_headers ? 5 : 4);
  Chunk chunk{Slab::Of(arena_at + arena_bytes, pool), static_cast<uint32_t>(n)};
  uint8_t* const begin = chunk.slab.data.get();
  std::memset(begin, 0, arena_at);
  auto* header = reinterpret_cast<int32_t*>(begin);
  uint8_t* column = begin + kHeaderBytes;
  auto* timestamps = reinterpret_cast<double*>(column);
  if (fields.timestamp) column += n * 8;
  auto* deltas = reinterpret_cast<uint32_t*>(column);
  auto* starts = reinterpret_cast<uint32_t*>(column + words);
  auto* keys = reinterpret_cast<int32_t*>(column + words * 2);
  auto* values = reinterpret_cast<int32_t*>(column + words * 3);
  auto* blocks = reinterpret_cast<int32_t*>(column + words * 4);

  // Pass 2: fill.
  bool ascii_keys = fields.scan_keys, ascii_values = fields.scan_values;
  uint8_t* at = begin + arena_at;
  for (size_t i = 0; i < n; i++) {
    const rd_kafka_message_t* message = messages[first + i];
    const Lengths& length = lengths[i];
    if (fields.timestamp) {
      rd_kafka_timestamp_type_t ignored;
      timestamps[i] = static_cast<double>(rd_kafka_message_timestamp(message, &ignored));
    }
    deltas[i] = static_cast<uint32_t>(message->offset - base);
    starts[i] = static_cast<uint32_t>(at - begin - arena_at);
    keys[i] = length.key;
    values[i] = length.value;
    if (length.key > 0) {
      std::memcpy(at, message->key, message->key_len);
      if (ascii_keys) ascii_keys = IsAscii(at, message->key_len);
      at += length.key;
    }
    if (length.value > 0) {
      std::memcpy(at, message->payload, message->len);
      if (ascii_values) ascii_values = IsAscii(at, message->len);
      at += length.value;
    }
    if (has_headers) blocks[i] = length.headers;
    if (length.headers > 0) PutHeaderBlock(at, HeadersOf(message));
  }

  const auto unsigned_base = static_cast<uint64_t>(base);
  header[0] = 1;
  header[1] = lane;
  header[2] = static_cast<int32_t>(n);
  header[3] = (has_headers ? kHasHeaders : 0) | (fields.timestamp ? kHasTimestamps : 0) |
              (ascii_values ? kAsciiValues : 0) | (ascii_keys ? kAsciiKeys : 0) | (static_cast<int32_t>(type) << 8);
  header[4] = static_cast<int32_t>(unsigned_base & 0xffffffffu);
  header[5] = static_cast<int32_t>(unsigned_base >> 32);
  header[6] = epoch;
  header[7] = static_cast<int32_t>(arena_at);
  header[8] = static_cast<int32_t>(arena_bytes);
  *from = first + n;
  return chunk;
}

}  // namespace wire
