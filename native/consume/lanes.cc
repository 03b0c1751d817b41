#include "consume/lanes.h"

#include <algorithm>

namespace {
// What a lane may take in one turn: big enough to amortize the call, small enough that turns are fair.
constexpr int64_t kTurnBytes = 512 * 1024;

int64_t Micros(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// Becomes the microseconds from then until JavaScript sees it.
struct Since {
  Clock::time_point then;
};
Napi::Value ToJs(Napi::Env env, const Since& since) { return ::ToJs(env, Micros(Clock::now() - since.then)); }
}  // namespace

Lane* Lanes::Open(const Handle& handle, const std::string& topic, int32_t partition) {
  rd::Queue queue(partition < 0 ? nullptr : rd_kafka_queue_get_partition(handle.get(), topic.c_str(), partition));
  if (!queue) return nullptr;
  rd_kafka_queue_forward(queue.get(), nullptr);
  auto lane = std::make_unique<Lane>();
  lane->id = ++last_id_;
  lane->topic = topic;
  lane->partition = partition;
  lane->source.queue = std::move(queue);
  by_id_[lane->id] = lane.get();
  lanes_.push_back(std::move(lane));
  return lanes_.back().get();
}

void Lanes::Close(int32_t id) {
  auto found = std::find_if(lanes_.begin(), lanes_.end(), [id](const auto& lane) { return lane->id == id; });
  if (found == lanes_.end()) return;
  total_bytes_ -= (*found)->bytes;
  if (total_bytes_ <= limits_.total_bytes / 2) total_gated_ = false;
  by_id_.erase(id);
  lanes_.erase(found);
}

void Lanes::CloseAll() {
  by_id_.clear();
  lanes_.clear();
}

Lane* Lanes::Find(int32_t id) {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Lane* Lanes::Find(const std::string& topic, int32_t partition) {
  for (const auto& lane : lanes_) {
    if (lane->partition == partition && lane->topic == topic) return lane.get();
  }
  return nullptr;
}

std::vector<int32_t> Lanes::Ids() const {
  std::vector<int32_t> ids;
  for (const auto& lane : lanes_) ids.push_back(lane->id);
  return ids;
}

Partitions Lanes::Assigned(bool silent_only) const {
  Partitions partitions;
  for (const auto& lane : lanes_) {
    if (lane->stopped || (silent_only && lane->started)) continue;
    Partition partition;
    partition.topic = lane->topic;
    partition.partition = lane->partition;
    partition.offset = lane->position;
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

void Lanes::GiveBack(const Credit& credit) {
  Lane* lane = Find(credit.lane);
  if (lane == nullptr) return;  // its epoch ended: its credit went with it
  const int64_t bytes = std::clamp<int64_t>(credit.bytes, 0, lane->bytes);
  lane->messages -= std::clamp<int64_t>(credit.messages, 0, lane->messages);
  lane->bytes -= bytes;
  total_bytes_ -= bytes;
  // High and low water, so that a lane at its limit takes chunks and not single messages.
  if (lane->messages <= limits_.lane_messages / 2 && lane->bytes <= limits_.lane_bytes / 2) lane->gated = false;
  if (total_bytes_ <= limits_.total_bytes / 2) total_gated_ = false;
}

void Lanes::Pause(int32_t id, bool paused) {
  if (Lane* lane = Find(id)) lane->paused = paused;
}

bool Lanes::MayTake(const Lane& lane) const {
  return !lane.gated && !lane.paused && !lane.stopped && lane.rewinding == 0 && !total_gated_;
}

bool Lanes::Take() {
  const Clock::time_point start = report_polls_ ? Clock::now() : Clock::time_point();
  bool more = false;
  tick_ = Tick();
  size_t turns = 0;
  // When JavaScript is behind, it wakes the loop once it has caught up, and the next lane takes its turn then.
  for (; turns < lanes_.size() && !loop_.out().IsFull(); turns++) {
    Lane& lane = *lanes_[(first_ + turns) % lanes_.size()];
    // A lane that may not take stays ready: it is served when credit comes back.
    if (!lane.source.ready.load(std::memory_order_acquire) || !MayTake(lane)) continue;
    lane.deficit = std::min(lane.deficit + kTurnBytes, kTurnBytes);
    if (lane.deficit <= 0) {  // it took a huge message; others go first
      more = true;
      continue;
    }
    // Before the take: a message that comes during it sets the bit again.
    lane.source.ready.exchange(false, std::memory_order_acq_rel);
    if (TakeFrom(lane)) continue;
    lane.source.ready.store(true, std::memory_order_release);
    more = more || MayTake(lane);
  }
  more = more && !loop_.out().IsFull();
  first_ = turns < lanes_.size() ? (first_ + turns) % lanes_.size() : first_ + 1;
  if (report_polls_ && tick_.chunks > 0) {
    const Clock::time_point now = Clock::now();
    loop_.out().DeliverEvent("poll", "messages", tick_.messages, "bytes", tick_.bytes, "chunks", tick_.chunks, "lanes",
                             tick_.lanes, "takeMicros", Micros(now - start), "waitMicros", Since{now});
  }
  return more;
}

bool Lanes::TakeFrom(Lane& lane) {
  const int64_t bytes = std::min({kTurnBytes, limits_.lane_bytes - lane.bytes, limits_.total_bytes - total_bytes_});
  const auto want = static_cast<size_t>(std::clamp<int64_t>(
      std::min(bytes / lane.average, limits_.lane_messages - lane.messages), 1, wire::kMaxMessages));
  // A stale message (before a seek or a revoke) is dropped inside the call.
  const size_t count = rd::Take(lane.source.queue.get(), taken_, want);
  if (count == 0) return true;
  DeliverRun(lane, count);
  tick_.lanes++;
  if (lane.messages >= limits_.lane_messages || lane.bytes >= limits_.lane_bytes) lane.gated = true;
  if (total_bytes_ >= limits_.total_bytes) total_gated_ = true;
  return count < want;
}

void Lanes::DeliverRun(Lane& lane, size_t count) {
  int64_t bytes = 0;
  size_t messages = 0;
  for (size_t i = 0; i < count;) {
    const rd_kafka_message_t* message = taken_[i];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      lane.started = true;
      wire::Chunk chunk = wire::PackRun(taken_, count, &i, lane.id, limits_.fields, loop_.pool());
      bytes += static_cast<int64_t>(chunk.slab.size);
      messages += chunk.count;
      lane.position = taken_[i - 1]->offset + 1;
      tick_.chunks++;
      loop_.out().DeliverSlab(std::move(chunk.slab));
      continue;
    }
    i++;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      lane.started = true;
      lane.position = message->offset;
      loop_.out().DeliverEvent("eof", "lane", lane.id, "offset", message->offset);
    } else {
      loop_.out().DeliverEvent("partition-error", "lane", lane.id, "topic", lane.topic, "partition", lane.partition,
                               "offset", message->offset, "error",
                               RdError(message->err, rd_kafka_message_errstr(message)));
    }
  }
  // No message outlives the turn: rd_kafka_destroy() would wait for it.
  for (size_t i = 0; i < count; i++) rd_kafka_message_destroy(taken_[i]);
  if (messages > 0) lane.average = std::max<int64_t>(64, bytes / static_cast<int64_t>(messages));
  lane.messages += static_cast<int64_t>(messages);
  lane.bytes += bytes;
  lane.deficit -= bytes;
  total_bytes_ += bytes;
  tick_.messages += static_cast<int64_t>(messages);
  tick_.bytes += bytes;
}
