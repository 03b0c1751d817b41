// native/wire alone: chunks and delivery reports packed and read back, record packs read, also when they are cut
// off or lie. Linked with librdkafka under a sanitizer, so that a byte read or written outside is seen.
//   wire_test           everything, the last part with real messages of an embedded cluster
#include <algorithm>
#include <limits>
#include <thread>

#include "cluster.h"
#include "support.h"

namespace {

using wire::Fields;
using wire::PackRun;
using wire::SlabPool;

const std::string kNoNul("a\0b", 3);
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

std::vector<Sample> Numbered(size_t count, size_t bytes = 10) {
  std::vector<Sample> samples(count);
  for (size_t i = 0; i < count; i++) {
    samples[i].offset = 100 + static_cast<int64_t>(i);
    samples[i].value = std::string(bytes, static_cast<char>('a' + i % 26));
  }
  return samples;
}

// The sizes of the runs that the messages are packed into; errors in between are stepped over and told as 0.
std::vector<size_t> Runs(const std::vector<Sample>& samples, const Fields& fields = {}) {
  Messages messages(samples);
  std::vector<size_t> runs;
  for (size_t at = 0; at < messages.size();) {
    if (messages.data()[at]->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      runs.push_back(0);
      at++;
      continue;
    }
    const size_t before = at;
    wire::Chunk chunk = PackRun(messages.data(), messages.size(), &at, 1, fields, nullptr);
    CHECK(at == before + chunk.count);
    const Decoded decoded = Decode(chunk);
    for (size_t i = 0; i < decoded.messages.size(); i++) {
      CHECK(decoded.messages[i].offset == samples[before + i].offset);
      if (fields.value) CHECK(decoded.messages[i].value == samples[before + i].value);
    }
    runs.push_back(chunk.count);
  }
  return runs;
}
using Sizes = std::vector<size_t>;

Decoded Pack(Messages& messages, const Fields& fields = {}) {
  size_t at = 0;
  wire::Chunk chunk = PackRun(messages.data(), messages.size(), &at, -5, fields, nullptr);
  CHECK(at == messages.size());
  return Decode(chunk);
}

void EveryField() {
  std::vector<Sample> samples(9);
  for (size_t i = 0; i < samples.size(); i++) samples[i].offset = 5 + static_cast<int64_t>(i * i);
  samples[1].key = "";
  samples[2].value = "";
  samples[3].key = "key";
  samples[3].value = kNoNul;
  samples[4].headers = {{"h", "v"}, {"", std::nullopt}, {"h", ""}, {"long name", std::string(300, 'x')}};
  samples[5].value = "value\xff";
  samples[5].headers = {{"one", kNoNul}};
  samples[6].timestamp = 0;
  samples[7].timestamp = 1'700'000'000'123;
  // Each number of messages, so that columns of an odd length are there too.
  for (size_t n = 1; n <= samples.size(); n++) {
    const std::vector<Sample> some(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(n));
    Messages messages(some);
    const Decoded decoded = Pack(messages);
    CHECK(decoded.messages == some);
    CHECK(decoded.header[1] == -5 && decoded.header[6] == 7);
    CHECK(decoded.HasTimestamps() && decoded.HasHeaders() == (n > 4));
    CHECK(!decoded.AsciiKeys() && !decoded.AsciiValues());
  }
}

void FieldsLeftOut() {
  std::vector<Sample> samples = Numbered(3);
  for (Sample& sample : samples) sample.key = "k", sample.headers = {{"h", "v"}};
  auto with = [&](bool Fields::*field) {
    Fields fields;
    fields.*field = false;
    Messages messages(samples);
    Decoded decoded = Pack(messages, fields);
    if (!fields.headers) CHECK(messages[0].asked == 0);
    return decoded;
  };
  CHECK(with(&Fields::key).messages[1].key == std::nullopt);
  CHECK(with(&Fields::key).messages[1].value == samples[1].value);
  CHECK(with(&Fields::value).messages[1].value == std::nullopt);
  CHECK(with(&Fields::value).messages[1].headers == samples[1].headers);
  CHECK(!with(&Fields::headers).HasHeaders() && with(&Fields::headers).messages[2].headers.empty());
  const Decoded no_timestamps = with(&Fields::timestamp);
  CHECK(!no_timestamps.HasTimestamps() && no_timestamps.messages[0].type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE);
  CHECK(no_timestamps.messages[2].headers == samples[2].headers);
}

// librdkafka is asked for headers only where they cannot be told from the byte behind the value.
void HeadersAskedFor() {
  Sample plain, with, empty, null, old;
  plain.value = with.value = old.value = "v";
  with.headers = {{"h", "v"}};
  empty.value = "";
  old.epoch = -1;
  auto asked = [](const Sample& sample) {
    Messages messages({sample});
    Pack(messages);
    return messages[0].asked > 0;
  };
  CHECK(!asked(plain));
  CHECK(asked(with) && asked(empty) && asked(null) && asked(old));
}

void EndsOfRuns() {
  auto changed = [](size_t count, size_t at, auto change) {
    std::vector<Sample> samples = Numbered(count);
    for (size_t i = at; i < count; i++) change(samples[i]);
    return samples;
  };
  CHECK(Runs(Numbered(20)) == Sizes{20});
  CHECK(Runs(changed(5, 2, [](Sample& it) { it.epoch = 8; })) == (Sizes{2, 3}));
  const auto appended = changed(5, 4, [](Sample& it) { it.type = RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME; });
  CHECK(Runs(appended) == (Sizes{4, 1}));
  Fields no_timestamps;
  no_timestamps.timestamp = false;
  CHECK(Runs(appended, no_timestamps) == Sizes{5});

  std::vector<Sample> failed = Numbered(6);
  failed[0].err = failed[3].err = failed[5].err = RD_KAFKA_RESP_ERR__PARTITION_EOF;
  CHECK(Runs(failed) == (Sizes{0, 2, 0, 1, 0}));
}

void Offsets() {
  auto at = [](std::vector<int64_t> offsets) {
    std::vector<Sample> samples(offsets.size());
    for (size_t i = 0; i < offsets.size(); i++) samples[i].offset = offsets[i];
    return Runs(samples);
  };
  const int64_t widest = UINT32_MAX;
  CHECK(at({0, widest}) == Sizes{2});
  CHECK(at({0, widest + 1}) == (Sizes{1, 1}));
  CHECK(at({7, 8, widest + 7, widest + 8, widest + 9}) == (Sizes{3, 2}));
  CHECK(at({widest + 1, (int64_t{1} << 53) - 1, int64_t{1} << 53, (int64_t{1} << 53) + 1, kMost - 1, kMost}) ==
        (Sizes{1, 3, 2}));
  CHECK(at({0, kMost}) == (Sizes{1, 1}));
  // Back: the first one is the lowest of its run.
  CHECK(at({1000, 1001, 3, 4, 2}) == (Sizes{2, 2, 1}));
  CHECK(at({kMost, 0}) == (Sizes{1, 1}));
  CHECK(at({5, 9, 6, 5}) == Sizes{4});
}

void SizeLimit() {
  constexpr size_t kilobyte = 1024;
  CHECK(Runs(Numbered(600, kilobyte)) == (Sizes{512, 88}));
  CHECK(Runs(Numbered(3, wire::kChunkBytes)) == (Sizes{1, 1, 1}));
  CHECK(Runs(Numbered(3, wire::kChunkBytes + 1)) == (Sizes{1, 1, 1}));
  std::vector<Sample> mixed = Numbered(5);
  mixed[2].value = std::string(5 << 20, 'x');
  CHECK(Runs(mixed) == (Sizes{2, 1, 2}));
  // Keys and headers count.
  std::vector<Sample> all = Numbered(600, 512);
  for (Sample& sample : all) sample.key = std::string(256, 'k'), sample.headers = {{"abcd", std::string(240, 'h')}};
  CHECK(Runs(all) == (Sizes{512, 88}));
  CHECK(Runs(std::vector<Sample>(wire::kMaxMessages + 10)) == (Sizes{wire::kMaxMessages, 10}));
}

void Ascii() {
  Fields both;
  both.scan_keys = both.scan_values = true;
  auto flags = [&](const Bytes& key, const Bytes& value) {
    Sample sample, other;
    sample.key = key;
    sample.value = value;
    other.key = other.value = "a";
    Messages messages({other, sample, other});
    const Decoded decoded = Pack(messages, both);
    return std::make_pair(decoded.AsciiKeys(), decoded.AsciiValues());
  };
  CHECK(flags(std::nullopt, std::nullopt) == std::make_pair(true, true));
  CHECK(flags("", "") == std::make_pair(true, true));
  for (size_t length = 1; length <= 20; length++) {
    const std::string ascii(length, '\x7f');
    CHECK(flags(ascii, ascii) == std::make_pair(true, true));
    for (size_t i = 0; i < length; i++) {
      std::string other = ascii;
      other[i] = '\x80';
      CHECK(flags(other, ascii) == std::make_pair(false, true));
      CHECK(flags(ascii, other) == std::make_pair(true, false));
    }
  }
}

void Pool() {
  auto pool = std::make_shared<SlabPool>();
  const uint8_t* first = nullptr;
  {
    wire::Slab slab = wire::Slab::Of(SlabPool::kBlockBytes, pool);
    first = slab.data.get();
    std::memset(slab.data.get(), 1, slab.size);
    wire::Slab moved = std::move(slab);
    CHECK(moved.pool == pool && moved.data.get() == first);
  }
  CHECK(wire::Slab::Of(SlabPool::kLeastBytes, pool).data.get() == first);
  CHECK(wire::Slab::Of(SlabPool::kLeastBytes - 1, pool).pool == nullptr);
  CHECK(wire::Slab::Of(SlabPool::kBlockBytes + 1, pool).pool == nullptr);
  // Chunks are packed on poll threads and collected on the JavaScript thread.
  std::vector<std::thread> threads;
  for (int k = 0; k < 3; k++) {
    threads.emplace_back([pool] {
      for (int i = 0; i < 200; i++) {
        std::vector<wire::Slab> slabs;
        for (int j = 0; j < i % 7; j++) slabs.push_back(wire::Slab::Of(SlabPool::kLeastBytes, pool));
        for (wire::Slab& slab : slabs) slab.data.get()[SlabPool::kBlockBytes - 1] = 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<wire::Slab> many;
  for (size_t i = 0; i < SlabPool::kMostBlocks + 5; i++) many.push_back(wire::Slab::Of(SlabPool::kLeastBytes, pool));
  many.clear();
  // A slab outlives everybody else who had the pool.
  wire::Slab last = wire::Slab::Of(SlabPool::kLeastBytes, pool);
  pool.reset();
}

// ---- record packs ----

uint64_t seed = 0x2545f4914f6cdd1d;
uint32_t Random() {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return static_cast<uint32_t>(seed >> 16);
}
constexpr int32_t kHostile[] = {0, 1, -1, 4, 40, INT32_MAX, INT32_MIN, INT32_MAX - 40, -40, 1 << 20};
int32_t Hostile() { return kHostile[Random() % std::size(kHostile)]; }

// Reads all there is, touching every byte, and gives the number of records.
size_t ReadAll(const std::vector<uint8_t>& pack) {
  wire::Record record;
  size_t count = 0, position = 0;
  uint32_t sum = 0;
  while (const uint8_t* payload = wire::ReadRecord(pack.data(), pack.size(), position, &record)) {
    const size_t bytes = record.Bytes() - wire::Record::kHeaderBytes;
    for (size_t i = 0; i < bytes; i++) sum += payload[i];
    wire::ReadHeaders(payload + bytes - record.headers_length, record.headers_length);
    CHECK(record.End(position) > position);
    position = record.End(position);
    count++;
  }
  CHECK(sum < UINT32_MAX);
  return count;
}

void Records() {
  std::vector<Sample> samples(4);
  samples[0].key = "k";
  samples[0].value = "value";
  samples[2].key = "";
  samples[2].value = "";
  samples[3].value = kNoNul;
  samples[3].headers = {{"name", "1"}, {"", std::nullopt}, {"name", ""}};
  std::vector<uint8_t> pack;
  std::vector<size_t> ends;
  for (size_t i = 0; i < samples.size(); i++) {
    PutRecord(&pack, samples[i], static_cast<uint32_t>(i), 3);
    ends.push_back(pack.size());
  }
  wire::Record record;
  size_t position = 0;
  for (size_t i = 0; i < samples.size(); i++) {
    const uint8_t* payload = wire::ReadRecord(pack.data(), pack.size(), position, &record);
    if (!CHECK(payload != nullptr)) return;
    CHECK(record.topic == 3 && record.partition == -1 && record.slot == i && record.index == ~static_cast<uint32_t>(i));
    CHECK(record.key_length == (samples[i].key ? static_cast<int32_t>(samples[i].key->size()) : -1));
    CHECK(record.value_length == (samples[i].value ? static_cast<int32_t>(samples[i].value->size()) : -1));
    CHECK(record.timestamp == 1);
    if (samples[i].key) CHECK(std::memcmp(payload, samples[i].key->data(), samples[i].key->size()) == 0);
    position = record.End(position);
    CHECK(position == ends[i]);
  }
  CHECK(wire::ReadRecord(pack.data(), pack.size(), position, &record) == nullptr);
  CHECK(wire::ReadRecord(nullptr, 0, 0, &record) == nullptr);
  // Cut off anywhere: the records that are whole, and nothing behind the end. (Only padding may be missing of one.)
  for (size_t length = 0; length < pack.size(); length++) {
    const std::vector<uint8_t> cut(pack.begin(), pack.begin() + static_cast<std::ptrdiff_t>(length));
    size_t whole = 0;
    while (whole < ends.size() && ends[whole] - 7 <= length) whole++;
    CHECK(ReadAll(cut) <= whole);
    if (length % 8 == 0)
      CHECK(ReadAll(cut) ==
            static_cast<size_t>(std::count_if(ends.begin(), ends.end(), [&](size_t end) { return end <= length; })));
  }
}

void HostileRecords() {
  for (int i = 0; i < 20'000; i++) {
    std::vector<uint8_t> pack(Random() % 400);
    for (uint8_t& byte : pack) byte = static_cast<uint8_t>(Random());
    for (size_t at = 16; at + 12 <= pack.size(); at += 40 + Random() % 3 * 8) {
      for (size_t k = 0; k < 3; k++) {
        const int32_t length = Random() % 2 ? Hostile() : static_cast<int32_t>(Random() % 60);
        std::memcpy(pack.data() + at + k * 4, &length, 4);
      }
    }
    pack.shrink_to_fit();
    ReadAll(pack);
  }
}

HeaderList Listed(const rd::Headers& headers) {
  HeaderList list;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers.get(), i, &name, &value, &size) == 0; i++) {
    Bytes bytes;
    if (value != nullptr) bytes.emplace(static_cast<const char*>(value), size);
    list.emplace_back(name, bytes);
  }
  return list;
}

void HeaderBlocks() {
  const HeaderList all = {{"a", "1"}, {"", std::nullopt}, {"b", ""}, {"a", kNoNul}, {"long", std::string(200, 'x')}};
  const std::vector<uint8_t> block = HeaderBlock(all);
  CHECK(Listed(wire::ReadHeaders(block.data(), block.size())) == all);
  CHECK(wire::ReadHeaders(block.data(), 0) == nullptr);
  for (size_t length = 1; length < block.size(); length++) {
    const std::vector<uint8_t> cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(length));
    rd::Headers headers = wire::ReadHeaders(cut.data(), cut.size());
    CHECK((headers == nullptr) == (length < 4));
    if (!headers) continue;
    const HeaderList some = Listed(headers);
    CHECK(some.size() < all.size() && std::equal(some.begin(), some.end(), all.begin()));
  }
  // Longer than it says: the rest is not read.
  std::vector<uint8_t> longer = block;
  longer.insert(longer.end(), 50, 0xff);
  CHECK(Listed(wire::ReadHeaders(longer.data(), longer.size())) == all);
  for (int i = 0; i < 20'000; i++) {
    std::vector<uint8_t> bytes(Random() % 80);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(Random() % 4 ? 0 : Random());
    for (size_t at = 0; at + 4 <= bytes.size(); at += 4 + Random() % 20) {
      const int32_t word = Hostile();
      std::memcpy(bytes.data() + at, &word, 4);
    }
    bytes.shrink_to_fit();
    wire::ReadHeaders(bytes.data(), bytes.size());
  }
}

void Reports() {
  for (size_t n = 0; n < 6; n++) {
    std::vector<wire::Report> reports;
    for (size_t i = 0; i < n; i++) {
      const auto k = static_cast<int32_t>(i);
      reports.push_back({9007199254740991.0 - k, -1, ~static_cast<uint32_t>(i), static_cast<uint32_t>(i), -k, k, 2});
    }
    const wire::Slab slab = wire::PackReports(reports);
    const uint8_t* const data = slab.data.get();
    const size_t words = (n * 4 + 7) / 8 * 8, columns = 8 + n * 16;
    CHECK(slab.size == columns + words * 5);
    CHECK(At<int32_t>(data) == static_cast<int32_t>(n) && At<int32_t>(data + 4) == 0);
    for (size_t i = 0; i < n; i++) {
      CHECK(At<double>(data + 8 + i * 8) == reports[i].offset);
      CHECK(At<double>(data + 8 + n * 8 + i * 8) == reports[i].timestamp);
      CHECK(At<uint32_t>(data + columns + i * 4) == reports[i].slot);
      CHECK(At<uint32_t>(data + columns + words + i * 4) == reports[i].index);
      CHECK(At<int32_t>(data + columns + words * 2 + i * 4) == reports[i].error);
      CHECK(At<int32_t>(data + columns + words * 3 + i * 4) == reports[i].partition);
      CHECK(At<int32_t>(data + columns + words * 4 + i * 4) == reports[i].status);
    }
  }
}

// The way of the library: a pack is produced, what comes back of it is packed. Real buffers, in every compression.
void RealMessages() {
  std::vector<Sample> samples;
  for (size_t i = 0; i < 600; i++) {
    Sample sample;
    if (i % 3 != 0) sample.key = i % 5 == 0 ? "" : "key " + std::to_string(i);
    if (i % 7 != 0) sample.value = std::string(i * i % 1500, static_cast<char>(i % 11 == 0 ? 0x80 : 'v'));
    for (size_t k = 0; k < i % 4; k++)
      sample.headers.emplace_back("h" + std::to_string(k), k == 2 ? Bytes() : Bytes(std::string(k * 30, 'x')));
    sample.timestamp = 1'700'000'000'000 + static_cast<int64_t>(i);
    samples.push_back(std::move(sample));
  }
  Cluster cluster;
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    if (!Cluster::Knows(codec)) continue;
    cluster.Produce(codec, samples);
    const std::vector<Sample> read = cluster.Consume(codec, samples.size());
    if (!CHECK(read.size() == samples.size())) continue;
    for (size_t i = 0; i < read.size(); i++) {
      Sample expected = samples[i];
      expected.offset = static_cast<int64_t>(i);
      expected.epoch = read[i].epoch;
      if (!CHECK(read[i] == expected)) break;
    }
  }
}

}  // namespace

int main() {
  EveryField();
  FieldsLeftOut();
  HeadersAskedFor();
  EndsOfRuns();
  Offsets();
  SizeLimit();
  Ascii();
  Pool();
  Records();
  HostileRecords();
  HeaderBlocks();
  Reports();
  RealMessages();
  if (failures > 0) std::fprintf(stderr, "%d checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}
