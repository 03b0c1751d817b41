#include "consumer.h"

namespace {

bool Flag(const Napi::Object& options, const char* name, bool otherwise) {
  Napi::Value value = options.Get(name);
  return value.IsBoolean() ? value.As<Napi::Boolean>().Value() : otherwise;
}

int64_t Count(const Napi::Object& options, const char* name, int64_t otherwise) {
  Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : otherwise;
}

ConsumerOptions OptionsFromJs(const Napi::Value& value) {
  ConsumerOptions options;
  if (!value.IsObject()) return options;
  Napi::Object object = value.As<Napi::Object>();
  LaneLimits& limits = options.limits;
  limits.lane_messages = Count(object, "laneMessages", limits.lane_messages);
  limits.lane_bytes = Count(object, "laneBytes", limits.lane_bytes);
  limits.total_bytes = Count(object, "totalBytes", limits.total_bytes);
  limits.fields.key = Flag(object, "key", true);
  limits.fields.value = Flag(object, "value", true);
  limits.fields.timestamp = Flag(object, "timestamp", true);
  limits.fields.headers = Flag(object, "headers", true);
  limits.fields.scan_keys = Flag(object, "scanKeys", false);
  limits.fields.scan_values = Flag(object, "scanValues", false);
  options.revoke_drain_ms = static_cast<int>(Count(object, "revokeDrainMs", options.revoke_drain_ms));
  options.hold_assign = Flag(object, "holdAssign", false);
  return options;
}

Napi::Value WatermarksToJs(Napi::Env env, int64_t low, int64_t high) {
  Napi::Object object = Napi::Object::New(env);
  object["low"] = Napi::Number::New(env, static_cast<double>(low));
  object["high"] = Napi::Number::New(env, static_cast<double>(high));
  return object;
}

}  // namespace

Napi::Function Consumer::Define(Napi::Env env) {
  return DefineClass(env, "NativeConsumer",
                     {InstanceMethod("subscribe", &Consumer::Subscribe),
                      InstanceMethod("assign", &Consumer::OnList<&ConsumerRole::Assign>),
                      InstanceMethod("incrementalAssign", &Consumer::OnList<&ConsumerRole::IncrementalAssign>),
                      InstanceMethod("incrementalUnassign", &Consumer::OnList<&ConsumerRole::IncrementalUnassign>),
                      InstanceMethod("seek", &Consumer::Seek),
                      InstanceMethod("commit", &Consumer::OnList<&ConsumerRole::Commit>),
                      InstanceMethod("storeOffsets", &Consumer::StoreOffsets),
                      InstanceMethod("committed", &Consumer::Ask<rd_kafka_committed>),
                      InstanceMethod("position", &Consumer::Position),
                      InstanceMethod("offsetsForTimes", &Consumer::Ask<rd_kafka_offsets_for_times>),
                      InstanceMethod("watermarks", &Consumer::Watermarks),
                      InstanceMethod("cachedWatermarks", &Consumer::CachedWatermarks),
                      InstanceMethod("groupMetadata", &Consumer::GroupMetadata),
                      InstanceMethod("credit", &Consumer::Credit),
                      InstanceMethod("hold", &Consumer::Hold),
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
  const ConsumerOptions options = OptionsFromJs(info[1]);
  Open(info, RD_KAFKA_CONSUMER, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT, true, [&](PollLoop& loop) {
    auto role = std::make_unique<ConsumerRole>(loop, options);
    role_ = role.get();
    return role;
  });
}

Napi::Value Consumer::Subscribe(const Napi::CallbackInfo& info) {
  std::vector<std::string> topics;
  if (info[0].IsArray()) {
    Napi::Array array = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) topics.push_back(Napi::Value(array[i]).ToString().Utf8Value());
  }
  return Request(info.Env(), [role = role_, topics](uint32_t request) { role->Subscribe(request, topics); });
}

template <void (ConsumerRole::*Method)(uint32_t, const Partitions&)>
Napi::Value Consumer::OnList(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [role = role_, list = PartitionsFromJs(info[0])](uint32_t request) {
    (role->*Method)(request, list);
  });
}

Napi::Value Consumer::Seek(const Napi::CallbackInfo& info) {
  return Request(info.Env(), [role = role_, list = PartitionsFromJs(info[0]),
                              timeout = IntArgument(info, 1, 5000)](uint32_t request) {
    role->Seek(request, list, timeout);
  });
}

template <rd_kafka_resp_err_t (*call)(rd_kafka_t*, rd_kafka_topic_partition_list_t*, int)>
Napi::Value Consumer::Ask(const Napi::CallbackInfo& info) {
  if (!open()) return Request(info.Env(), nullptr);
  return BlockingRequest(info.Env(), [loop = &loop(), partitions = PartitionsFromJs(info[0]),
                                      timeout = IntArgument(info, 1, 5000)](uint32_t request) {
    rd::PartitionList list = ToList(partitions);
    rd_kafka_resp_err_t err = call(loop->rk(), list.get(), timeout);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop->Reject(request, RdError(err));
    loop->Resolve(request, [result = FromList(list.get())](Napi::Env env) { return PartitionsToJs(env, result); });
  });
}

Napi::Value Consumer::Watermarks(const Napi::CallbackInfo& info) {
  if (!open()) return Request(info.Env(), nullptr);
  return BlockingRequest(info.Env(), [loop = &loop(), topic = TextArgument(info, 0), partition = IntArgument(info, 1, 0),
                                      timeout = IntArgument(info, 2, 5000)](uint32_t request) {
    int64_t low = 0, high = 0;
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(loop->rk(), topic.c_str(), partition, &low, &high, timeout);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop->Reject(request, RdError(err));
    loop->Resolve(request, [low, high](Napi::Env env) { return WatermarksToJs(env, low, high); });
  });
}

// The four below only read or write the client's own state, so they answer on the JS thread.

Napi::Value Consumer::CachedWatermarks(const Napi::CallbackInfo& info) {
  int64_t low = 0, high = 0;
  if (!open() || rd_kafka_get_watermark_offsets(loop().rk(), TextArgument(info, 0).c_str(), IntArgument(info, 1, 0),
                                                &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return info.Env().Null();
  }
  return WatermarksToJs(info.Env(), low, high);
}

Napi::Value Consumer::Position(const Napi::CallbackInfo& info) {
  if (!open()) return info.Env().Null();
  rd::PartitionList list = ToList(PartitionsFromJs(info[0]));
  rd_kafka_position(loop().rk(), list.get());
  return PartitionsToJs(info.Env(), FromList(list.get()));
}

Napi::Value Consumer::StoreOffsets(const Napi::CallbackInfo& info) {
  if (!open()) return RdError(RD_KAFKA_RESP_ERR__DESTROY).ToJs(info.Env());
  rd::PartitionList list = ToList(PartitionsFromJs(info[0]));
  rd_kafka_resp_err_t err = rd_kafka_offsets_store(loop().rk(), list.get());
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (int i = 0; i < list->cnt; i++) {
      if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) err = list->elems[i].err;
    }
  }
  return RdError(err).ToJs(info.Env());
}

Napi::Value Consumer::GroupMetadata(const Napi::CallbackInfo& info) {
  if (!open()) return Request(info.Env(), nullptr);
  return Request(info.Env(), [loop = &loop()](uint32_t request) {
    rd::GroupMetadata metadata(rd_kafka_consumer_group_metadata(loop->rk()));
    if (!metadata) return loop->Reject(request, RdError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP));
    void* data = nullptr;
    size_t size = 0;
    RdError error(rd::Error(rd_kafka_consumer_group_metadata_write(metadata.get(), &data, &size)).get());
    if (error) return loop->Reject(request, std::move(error));
    rd::Mem<void> bytes(data);
    std::string opaque(static_cast<const char*>(data), size);
    rd::Mem<char> member(rd_kafka_memberid(loop->rk()));
    loop->Resolve(request, [opaque, member = std::string(member ? member.get() : "")](Napi::Env env) {
      Napi::Object object = Napi::Object::New(env);
      object["memberId"] = Napi::String::New(env, member);
      object["opaque"] = Napi::Buffer<char>::Copy(env, opaque.data(), opaque.size());
      return object;
    });
  });
}

void Consumer::Credit(const Napi::CallbackInfo& info) {
  if (!open()) return;
  ::Credit credit{IntArgument(info, 0, 0), IntArgument(info, 1, 0),
                  info[2].IsNumber() ? info[2].As<Napi::Number>().Int64Value() : 0};
  loop().Post([role = role_, credit] { role->lanes().GiveBack(credit); });
}

void Consumer::Hold(const Napi::CallbackInfo& info) {
  if (!open()) return;
  loop().Post([role = role_, lane = IntArgument(info, 0, 0), held = info[1].ToBoolean().Value()] {
    role->lanes().Hold(lane, held);
  });
}

void Consumer::ReportPolls(const Napi::CallbackInfo& info) {
  if (!open()) return;
  loop().Post([role = role_, wanted = info[0].ToBoolean().Value()] { role->lanes().ReportPolls(wanted); });
}

void Consumer::Release(const Napi::CallbackInfo& info) {
  if (open()) loop().Post([role = role_, id = IntArgument(info, 0, 0)] { role->Release(id); });
}

void Consumer::AnswerAssign(const Napi::CallbackInfo& info) {
  if (!open()) return;
  loop().Post([role = role_, id = IntArgument(info, 0, 0), list = PartitionsFromJs(info[1])] {
    role->AnswerAssign(id, list);
  });
}
