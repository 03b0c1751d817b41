// What the C++ tests here share: checks that say where and go on, chunks read back, and messages made by hand.
#pragma once

#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wire/chunk.h"
#include "wire/record.h"
#include "wire/report.h"

inline int failures = 0;
inline bool Check(bool good, const char* what, const char* file, int line) {
  if (!good && ++failures <= 50) std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  return good;
}
#define CHECK(condition) Check((condition), #condition, __FILE__, __LINE__)

using Bytes = std::optional<std::string>;  // nothing is null
using HeaderList = std::vector<std::pair<std::string, Bytes>>;

struct Sample {
  int64_t offset = 0;
  Bytes key, value;
  HeaderList headers;
  int64_t timestamp = 1;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_CREATE_TIME;
  int32_t epoch = 7;
  rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
};

inline bool operator==(const Sample& a, const Sample& b) {
  return a.offset == b.offset && a.key == b.key && a.value == b.value && a.headers == b.headers &&
         a.timestamp == b.timestamp && a.type == b.type && a.epoch == b.epoch;
}

template <class T>
T At(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// A header block as the wire/format.h comment has it; nothing when it is not `length` bytes exactly.
inline std::optional<HeaderList> ReadBlock(const uint8_t* at, size_t length) {
  const uint8_t* const end = at + length;
  auto left = [&] { return static_cast<size_t>(end - at); };
  auto text = [&](size_t size) {
    std::string taken(reinterpret_cast<const char*>(at), size);
    at += size;
    return taken;
  };
  HeaderList headers;
  if (left() < 4) return std::nullopt;
  const auto count = At<uint32_t>(at);
  at += 4;
  for (uint32_t i = 0; i < count; i++) {
    if (left() < 4) return std::nullopt;
    const auto name_length = At<uint32_t>(at);
    at += 4;
    if (left() < size_t{name_length} + 4) return std::nullopt;
    std::string name = text(name_length);
    const auto value_length = At<int32_t>(at);
    at += 4;
    if (value_length > 0 && left() < static_cast<size_t>(value_length)) return std::nullopt;
    Bytes value;
    if (value_length >= 0) value = text(static_cast<size_t>(value_length));
    headers.emplace_back(std::move(name), std::move(value));
  }
  if (left() != 0) return std::nullopt;
  return headers;
}

// A chunk read back by the words of wire/format.h alone.
struct Decoded {
  std::array<int32_t, 16> header{};
  std::vector<Sample> messages;
  bool HasHeaders() const { return (header[3] & 1) != 0; }
  bool HasTimestamps() const { return (header[3] & 2) != 0; }
  bool AsciiValues() const { return (header[3] & 4) != 0; }
  bool AsciiKeys() const { return (header[3] & 8) != 0; }
};

inline Decoded Decode(const wire::Chunk& chunk) {
  Decoded out;
  const uint8_t* const begin = chunk.slab.data.get();
  std::memcpy(out.header.data(), begin, 64);
  const auto& h = out.header;
  const auto n = static_cast<size_t>(h[2]);
  CHECK(h[0] == 1 && n == chunk.count && n >= 1);
  CHECK((h[3] & ~0x30f) == 0);
  for (size_t i = 9; i < 16; i++) CHECK(h[i] == 0);
  const auto base = static_cast<int64_t>(static_cast<uint32_t>(h[4]) | (uint64_t{static_cast<uint32_t>(h[5])} << 32));
  size_t at = 64;
  auto column = [&](bool there, size_t element) {
    CHECK(at % 8 == 0);
    const uint8_t* const here = begin + at;
    if (there) at += (n * element + 7) / 8 * 8;
    return here;
  };
  const uint8_t* const timestamps = column(out.HasTimestamps(), 8);
  const uint8_t* const deltas = column(true, 4);
  const uint8_t* const starts = column(true, 4);
  const uint8_t* const keys = column(true, 4);
  const uint8_t* const values = column(true, 4);
  const uint8_t* const blocks = column(out.HasHeaders(), 4);
  CHECK(at == static_cast<size_t>(h[7]));
  CHECK(at + static_cast<size_t>(h[8]) == chunk.slab.size);
  const uint8_t* const arena = begin + at;
  size_t position = 0;
  for (size_t i = 0; i < n; i++) {
    Sample message;
    message.offset = base + At<uint32_t>(deltas + i * 4);
    message.type = static_cast<rd_kafka_timestamp_type_t>((h[3] >> 8) & 3);
    message.timestamp = out.HasTimestamps() ? static_cast<int64_t>(At<double>(timestamps + i * 8)) : -1;
    message.epoch = h[6];
    CHECK(At<uint32_t>(starts + i * 4) == position);
    auto part = [&](int32_t length) -> Bytes {
      if (length < 0) {
        CHECK(length == -1);
        return std::nullopt;
      }
      std::string bytes(reinterpret_cast<const char*>(arena + position), static_cast<size_t>(length));
      position += bytes.size();
      return bytes;
    };
    message.key = part(At<int32_t>(keys + i * 4));
    message.value = part(At<int32_t>(values + i * 4));
    const int32_t block = out.HasHeaders() ? At<int32_t>(blocks + i * 4) : 0;
    if (block > 0) {
      auto headers = ReadBlock(arena + position, static_cast<size_t>(block));
      if (CHECK(headers.has_value())) message.headers = *std::move(headers);
      position += static_cast<size_t>(block);
    }
    out.messages.push_back(std::move(message));
  }
  CHECK(position == static_cast<size_t>(h[8]));
  return out;
}

// Messages made by hand. What librdkafka keeps behind the public struct is answered by the linker's --wrap for these,
// and by librdkafka for its own. Key and value are as long as they say, with what follows a value in a record batch:
// the number of headers.
class Messages {
 public:
  explicit Messages(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples) Add(sample);
  }
  ~Messages() {
    for (const auto& one : all_) made.erase(&one->message);
  }
  rd_kafka_message_t* const* data() const { return pointers_.data(); }
  size_t size() const { return pointers_.size(); }

  struct Made {
    rd_kafka_message_t message{};
    Sample sample;
    std::vector<uint8_t> key, value;
    rd::Headers headers;
    int asked = 0;  // how often somebody wanted the headers
  };
  Made& operator[](size_t i) { return *all_[i]; }
  inline static std::unordered_map<const rd_kafka_message_t*, Made*> made;

 private:
  void Add(const Sample& sample) {
    auto one = std::make_unique<Made>();
    one->sample = sample;
    one->message.err = sample.err;
    one->message.offset = sample.offset;
    if (sample.key) {
      // Of an empty one librdkafka gives an address that must not be read.
      one->key.assign(sample.key->begin(), sample.key->end());
      one->key.shrink_to_fit();
      static const uint8_t nothing = 0;
      one->message.key = one->key.empty() ? const_cast<uint8_t*>(&nothing + 1) : one->key.data();
      one->message.key_len = sample.key->size();
    }
    if (sample.value) {
      one->value.assign(sample.value->begin(), sample.value->end());
      one->value.push_back(static_cast<uint8_t>(sample.headers.size() * 2));
      one->value.shrink_to_fit();
      one->message.payload = one->value.data();
      one->message.len = sample.value->size();
    }
    if (!sample.headers.empty()) one->headers.reset(rd_kafka_headers_new(sample.headers.size()));
    for (const auto& [name, value] : sample.headers) {
      rd_kafka_header_add(one->headers.get(), name.data(), static_cast<ssize_t>(name.size()),
                          value ? value->data() : nullptr, value ? static_cast<ssize_t>(value->size()) : 0);
    }
    made[&one->message] = one.get();
    pointers_.push_back(&one->message);
    all_.push_back(std::move(one));
  }

  std::vector<std::unique_ptr<Made>> all_;
  std::vector<rd_kafka_message_t*> pointers_;
};

extern "C" {
int64_t __real_rd_kafka_message_timestamp(const rd_kafka_message_t*, rd_kafka_timestamp_type_t*);
int32_t __real_rd_kafka_message_leader_epoch(const rd_kafka_message_t*);
rd_kafka_resp_err_t __real_rd_kafka_message_headers(const rd_kafka_message_t*, rd_kafka_headers_t**);

inline __attribute__((used)) int64_t __wrap_rd_kafka_message_timestamp(const rd_kafka_message_t* message,
                                                                       rd_kafka_timestamp_type_t* type) {
  const auto found = Messages::made.find(message);
  if (found == Messages::made.end()) return __real_rd_kafka_message_timestamp(message, type);
  *type = found->second->sample.type;
  return found->second->sample.timestamp;
}

inline __attribute__((used)) int32_t __wrap_rd_kafka_message_leader_epoch(const rd_kafka_message_t* message) {
  const auto found = Messages::made.find(message);
  if (found == Messages::made.end()) return __real_rd_kafka_message_leader_epoch(message);
  return found->second->sample.epoch;
}

inline __attribute__((used)) rd_kafka_resp_err_t __wrap_rd_kafka_message_headers(const rd_kafka_message_t* message,
                                                                                 rd_kafka_headers_t** headers) {
  const auto found = Messages::made.find(message);
  if (found == Messages::made.end()) return __real_rd_kafka_message_headers(message, headers);
  found->second->asked++;
  *headers = found->second->headers.get();
  return *headers == nullptr ? RD_KAFKA_RESP_ERR__NOENT : RD_KAFKA_RESP_ERR_NO_ERROR;
}
}
