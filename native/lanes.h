// The assigned partitions of a consumer: one un-forwarded librdkafka queue each, credit, and the fair taking of chunks.
// Backpressure is not taking: librdkafka then stops fetching at queued.max.messages.kbytes, per partition.
#pragma once

#include "partitions.h"
#include "poll_loop.h"

// A lane is (topic, partition, epoch): every assignment of a partition opens a new one with an id never used before.
struct Lane {
  int32_t id = 0;
  std::string topic;
  int32_t partition = 0;
  int64_t position = RD_KAFKA_OFFSET_INVALID;  // where it goes on, at first as assigned; invalid: what is committed
  Source source;
  bool started = false;             // gave a message or its end
  int64_t messages = 0, bytes = 0;  // delivered and not given back
  int64_t deficit = 0;              // bytes this lane may still take in its turn
  int64_t average = 1024;           // bytes a message, of the last take
  bool gated = false;               // out of credit
  bool held = false;                // the user's pause
  bool stopped = false;             // being revoked
  int rewinding = 0;                // seeks on their way: what the queue holds is stale until the last one
};

struct Credit {
  int32_t lane;
  int64_t messages;
  int64_t bytes;
};

struct LaneLimits {
  int64_t lane_messages = 65536;
  int64_t lane_bytes = 8 << 20;
  int64_t total_bytes = 64 << 20;
  batch::Fields fields;
};

class Lanes {
 public:
  Lanes(PollLoop& loop, LaneLimits limits) : loop_(loop), limits_(limits) {}

  // Un-forwards the partition's queue, before the assign call, so that no message goes to the consumer queue. Null
  // when librdkafka refuses the name. Its source is to listen after the assign call, when no older lane does.
  Lane* Open(const std::string& topic, int32_t partition);
  void Close(int32_t id);
  void CloseAll();

  Lane* Find(int32_t id);
  Lane* Find(const std::string& topic, int32_t partition);
  std::vector<int32_t> Ids() const;
  // All of them, or only those that gave nothing yet, with where they go on.
  Partitions Assigned(bool silent_only) const;

  void GiveBack(const Credit& credit);
  void Hold(int32_t id, bool held);
  // Deliver a 'poll' event for every turn that took something.
  void ReportPolls(bool wanted) { report_polls_ = wanted; }
  // Takes one turn of every ready lane. True when a lane still has messages it may take.
  bool Take();

 private:
  bool MayTake(const Lane& lane) const;
  // True when the lane's queue was emptied.
  bool TakeFrom(Lane& lane);
  void DeliverRun(Lane& lane, size_t count);

  PollLoop& loop_;
  const LaneLimits limits_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unordered_map<int32_t, Lane*> by_id_;
  size_t first_ = 0;  // whose turn comes first
  int32_t last_id_ = 0;
  int64_t total_bytes_ = 0;
  bool total_gated_ = false;
  bool report_polls_ = false;
  rd_kafka_message_t* taken_[batch::kMaxMessages];

  struct Tick {
    int64_t messages = 0, bytes = 0;
    int32_t chunks = 0, lanes = 0;
  } tick_;
};
