#include "consume/consumer.h"

namespace {

// A TypeError is pending when one is missing.
ConsumerOptions OptionsFromJs(Napi::Env env, const Napi::Value& from) {
  auto integer = [&](const char* key) { return RequiredInteger(env, Get(from, key), key); };
  auto flag = [&](const char* key) { return RequiredFlag(env, Get(from, key), key); };
  ConsumerOptions options;
  LaneLimits& limits = options.limits;
  limits.lane_messages = integer("laneMessages");
  limits.lane_bytes = integer("laneBytes");
  limits.total_bytes = integer("totalBytes");
  limits.fields.key = flag("key");
  limits.fields.value = flag("value");
  limits.fields.timestamp = flag("timestamp");
  limits.fields.headers = flag("headers");
  limits.fields.scan_keys = flag("scanKeys");
  limits.fields.scan_values = flag("scanValues");
  options.rebalance.revoke_drain_ms = RequiredMs(env, Get(from, "revokeDrainMs"), "revokeDrainMs");
  options.rebalance.hold_assign = flag("holdAssign");
  return options;
}

// Without credit no message would ever be taken, silently.
bool HasCredit(const LaneLimits& limits) {
  return limits.lane_messages > 0 && limits.lane_bytes > 0 && limits.total_bytes > 0;
}

struct OffsetRange {
  int64_t low = 0, high = 0;
};
Napi::Value ToJs(Napi::Env env, const OffsetRange& range) {
  return MakeObject(env, "low", range.low, "high", range.high);
}

struct GroupMember {
  std::string id, opaque;
};
Napi::Value ToJs(Napi::Env env, const GroupMember& member) {
  Napi::Value opaque = Napi::Buffer<char>::Copy(env, member.opaque.data(), member.opaque.size());
  return MakeObject(env, "memberId", member.id, "opaque", opaque);
}

}  // namespace

Napi::Function Consumer::Define(Napi::Env env) {
  return DefineClass(env, "NativeConsumer",
                     {InstanceMethod("subscribe", &Consumer::Subscribe),
                      InstanceMethod("assign", &Consumer::OnList<&ConsumerDriver::Assign>),
                      InstanceMethod("incrementalAssign", &Consumer::OnList<&ConsumerDriver::IncrementalAssign>),
                      InstanceMethod("incrementalUnassign", &Consumer::OnList<&ConsumerDriver::IncrementalUnassign>),
                      InstanceMethod("seek", &Consumer::OnList<&ConsumerDriver::Seek>),
                      InstanceMethod("commit", &Consumer::OnList<&ConsumerDriver::Commit>),
                      InstanceMethod("storeOffsets", &Consumer::StoreOffsets),
                      InstanceMethod("committed", &Consumer::Ask<rd_kafka_committed>),
                      InstanceMethod("position", &Consumer::Position),
                      InstanceMethod("offsetsForTimes", &Consumer::Ask<rd_kafka_offsets_for_times>),
                      InstanceMethod("watermarks", &Consumer::Watermarks),
                      InstanceMethod("cachedWatermarks", &Consumer::CachedWatermarks),
                      InstanceMethod("groupMetadata", &Consumer::GroupMetadata),
                      InstanceMethod("credit", &Consumer::Credit),
                      InstanceMethod("pause", &Consumer::Pause),
                      InstanceMethod("release", &Consumer::Release),
                      InstanceMethod("reportPolls", &Consumer::ReportPolls),
                      InstanceMethod("answerAssign", &Consumer::AnswerAssign),
                      InstanceMethod("metadata", &Consumer::Metadata),
                      InstanceMethod("close", &Consumer::Close),
                      InstanceMethod("keepAlive", &Consumer::KeepAlive),
                      InstanceMethod("setToken", &Consumer::SetToken),
                      InstanceMethod("setTokenFailure", &Consumer::SetTokenFailure)});
}

Consumer::Consumer(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!IsWrapped(info.Env(), this)) return;
  const ConsumerOptions options = OptionsFromJs(info.Env(), info[1]);
  if (info.Env().IsExceptionPending()) return;
  if (!HasCredit(options.limits)) {
    Napi::TypeError::New(info.Env(), "laneMessages, laneBytes and totalBytes must be above 0")
        .ThrowAsJavaScriptException();
    return;
  }
  const int events = RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT;
  Open(info, RD_KAFKA_CONSUMER, events, true, [&](PollLoop& loop, RdError* error) {
    auto driver = ConsumerDriver::Make(loop, options, error);
    driver_ = driver.get();
    return driver;
  });
}

Napi::Value Consumer::Subscribe(const Napi::CallbackInfo& info) {
  std::vector<std::string> topics;
  Each(info[0], [&](const Napi::Value& topic) { topics.push_back(Text(topic)); });
  return Request(info.Env(),
                 [driver = driver_, topics](PollLoop&, uint32_t request) { driver->Subscribe(request, topics); });
}

template <void (ConsumerDriver::*Method)(uint32_t, const Partitions&)>
Napi::Value Consumer::OnList(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [driver = driver_, list = PartitionsFromJs(info[0])](PollLoop&, uint32_t request) {
    (driver->*Method)(request, list);
  });
}

template <rd_kafka_resp_err_t (*call)(rd_kafka_t*, rd_kafka_topic_partition_list_t*, int)>
Napi::Value Consumer::Ask(const Napi::CallbackInfo& info) {
  return BlockingRequest(info.Env(), [partitions = PartitionsFromJs(info[0]),
                                      timeout = RequiredMs(info.Env(), info[1])](PollLoop& loop, uint32_t request) {
    rd::PartitionList list = ToList(partitions);
    rd_kafka_resp_err_t err = call(loop.rk(), list.get(), timeout);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop.out().Reject(request, RdError(err));
    loop.out().Resolve(request, FromList(list.get()));
  });
}

Napi::Value Consumer::Watermarks(const Napi::CallbackInfo& info) {
  return BlockingRequest(info.Env(), [topic = Text(info[0]), partition = Int(info[1], 0),
                                      timeout = RequiredMs(info.Env(), info[2])](PollLoop& loop, uint32_t request) {
    OffsetRange range;
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(loop.rk(), topic.c_str(), partition, &range.low, &range.high, timeout);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop.out().Reject(request, RdError(err));
    loop.out().Resolve(request, range);
  });
}

// The three below only read or write the client's own state, so they answer on the JS thread.

Napi::Value Consumer::CachedWatermarks(const Napi::CallbackInfo& info) {
  OffsetRange range;
  if (!open() || rd_kafka_get_watermark_offsets(loop().rk(), Text(info[0]).c_str(), Int(info[1], 0), &range.low,
                                                &range.high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return info.Env().Null();
  }
  return ToJs(info.Env(), range);
}

Napi::Value Consumer::Position(const Napi::CallbackInfo& info) {
  if (!open()) return info.Env().Null();
  rd::PartitionList list = ToList(PartitionsFromJs(info[0]));
  rd_kafka_position(loop().rk(), list.get());
  return ::ToJs(info.Env(), FromList(list.get()));
}

Napi::Value Consumer::StoreOffsets(const Napi::CallbackInfo& info) {
  if (!open()) return ::ToJs(info.Env(), RdError(RD_KAFKA_RESP_ERR__DESTROY));
  rd::PartitionList list = ToList(PartitionsFromJs(info[0]));
  rd_kafka_resp_err_t err = rd_kafka_offsets_store(loop().rk(), list.get());
  for (int i = 0; err != RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) err = list->elems[i].err;
  }
  return ::ToJs(info.Env(), RdError(err));
}

Napi::Value Consumer::GroupMetadata(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [](PollLoop& loop, uint32_t request) {
    rd::GroupMetadata metadata(rd_kafka_consumer_group_metadata(loop.rk()));
    if (!metadata) return loop.out().Reject(request, RdError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP));
    void* data = nullptr;
    size_t size = 0;
    RdError error(rd::Error(rd_kafka_consumer_group_metadata_write(metadata.get(), &data, &size)));
    if (error) return loop.out().Reject(request, std::move(error));
    rd::Mem<void> bytes(data);
    rd::Mem<char> member(rd_kafka_memberid(loop.rk()));
    loop.out().Resolve(request,
                       GroupMember{member ? member.get() : "", std::string(static_cast<const char*>(data), size)});
  });
}

void Consumer::Credit(const Napi::CallbackInfo& info) {
  if (!open()) return;
  const ::Credit credit{Int(info[0], 0), Int(info[1], 0), Integer(info[2], 0)};
  loop().Post([driver = driver_, credit] { driver->lanes().GiveBack(credit); });
}

void Consumer::Pause(const Napi::CallbackInfo& info) {
  if (!open()) return;
  loop().Post([driver = driver_, lane = Int(info[0], 0), paused = Flag(info[1], false)] {
    driver->lanes().Pause(lane, paused);
  });
}

void Consumer::ReportPolls(const Napi::CallbackInfo& info) {
  if (open()) loop().Post([driver = driver_, wanted = Flag(info[0], false)] { driver->lanes().ReportPolls(wanted); });
}

void Consumer::Release(const Napi::CallbackInfo& info) {
  if (open()) loop().Post([driver = driver_, id = Int(info[0], 0)] { driver->rebalances().Release(id); });
}

void Consumer::AnswerAssign(const Napi::CallbackInfo& info) {
  if (!open()) return;
  loop().Post([driver = driver_, id = Int(info[0], 0), list = PartitionsFromJs(info[1])] {
    driver->rebalances().AnswerAssign(id, list);
  });
}
