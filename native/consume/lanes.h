// The assigned partitions of a consumer: one un-forwarded librdkafka queue each, credit, and the fair taking of chunks.
// Backpressure is not taking: librdkafka then stops fetching at queued.max.messages.kbytes, per partition.
#pragma once

#include "loop/poll_loop.h"
#include "loop/source.h"
#include "partitions.h"
#include "wire/chunk.h"

// A lane is (topic, partition, epoch): every assignment of a partition opens a new one with an id never used before.
struct Lane {
  int32_t id = 0;
  std::string topic;
  int32_t partition = 0;
  int64_t position = RD_KAFKA_OFFSET_INVALID;  // next offset, at first as assigned; invalid: the committed one
  Source source;
  bool started = false;             // delivered a message or its end
  int64_t messages = 0, bytes = 0;  // delivered, and credit not given back
  int64_t deficit = 0;              // bytes this lane may still take in its turn
  int64_t average = 1024;           // bytes a message, of the last take
  bool gated = false;               // out of credit
  bool paused = false;              // by the user
  bool stopped = false;             // being revoked
  int rewinding = 0;                // seeks on their way: what the queue holds is stale until the last one
};

struct Credit {
  int32_t lane;
  int64_t messages;
  int64_t bytes;
};

// Set by JavaScript, which has the defaults.
struct LaneLimits {
  int64_t lane_messages = 0;
  int64_t lane_bytes = 0;
  int64_t total_bytes = 0;
  wire::Fields fields;
};

class Lanes {
 public:
  Lanes(PollLoop& loop, LaneLimits limits) : loop_(loop), limits_(limits) {}

  // Un-forwards the partition's queue on the handle that fetches it, before the assign call, so that no message goes to
  // the consumer queue. Null when librdkafka refuses the name. Its source is to listen after the assign call, when no
  // older lane does.
  Lane* Open(const Handle& handle, const std::string& topic, int32_t partition);
  void Close(int32_t id);
  void CloseAll();

  Lane* Find(int32_t id);
  Lane* Find(const std::string& topic, int32_t partition);
  std::vector<int32_t> Ids() const;
  // All of them, or only those that delivered nothing yet, with their positions.
  Partitions Assigned(bool silent_only) const;

  void GiveBack(const Credit& credit);
  void Pause(int32_t id, bool paused);
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
  size_t first_ = 0;  // the lane that takes the first turn
  int32_t last_id_ = 0;
  int64_t total_bytes_ = 0;
  bool total_gated_ = false;
  bool report_polls_ = false;
  rd_kafka_message_t* taken_[wire::kMaxMessages];

  struct Tick {
    int64_t messages = 0, bytes = 0;
    int32_t chunks = 0, lanes = 0;
  } tick_;
};
