#include "client.h"

namespace {

void OnThrottle(rd_kafka_t*, const char* broker, int32_t id, int ms, void* opaque) {
  DeliverEvent(*static_cast<PollLoop*>(opaque), "throttle",
               [broker = std::string(broker), id, ms](Napi::Env env, Napi::Object object) {
                 object["broker"] = Napi::String::New(env, broker);
                 object["brokerId"] = Napi::Number::New(env, id);
                 object["throttleMs"] = Napi::Number::New(env, ms);
               });
}

// Errors of the client come as events. What librdkafka puts into the queue of one partition (such as that it does not
// exist) is served by the call that takes its messages, which knows callbacks only: on the poll thread, like all else.
void OnPartitionError(rd_kafka_t*, int err, const char* reason, void* opaque) {
  DeliverError(*static_cast<PollLoop*>(opaque), RdError(static_cast<rd_kafka_resp_err_t>(err), reason));
}

Napi::Array Int32s(Napi::Env env, const int32_t* values, int count) {
  Napi::Array array = Napi::Array::New(env, static_cast<size_t>(count));
  for (int i = 0; i < count; i++) array[static_cast<uint32_t>(i)] = Napi::Number::New(env, values[i]);
  return array;
}

Napi::Value MetadataToJs(Napi::Env env, const rd_kafka_metadata_t& metadata) {
  Napi::Array brokers = Napi::Array::New(env);
  for (int i = 0; i < metadata.broker_cnt; i++) {
    Napi::Object broker = Napi::Object::New(env);
    broker["id"] = Napi::Number::New(env, metadata.brokers[i].id);
    broker["host"] = Napi::String::New(env, metadata.brokers[i].host == nullptr ? "" : metadata.brokers[i].host);
    broker["port"] = Napi::Number::New(env, metadata.brokers[i].port);
    brokers[static_cast<uint32_t>(i)] = broker;
  }
  Napi::Array topics = Napi::Array::New(env);
  for (int i = 0; i < metadata.topic_cnt; i++) {
    const rd_kafka_metadata_topic_t& from = metadata.topics[i];
    Napi::Array partitions = Napi::Array::New(env);
    for (int j = 0; j < from.partition_cnt; j++) {
      const rd_kafka_metadata_partition_t& part = from.partitions[j];
      Napi::Object partition = Napi::Object::New(env);
      partition["id"] = Napi::Number::New(env, part.id);
      partition["leader"] = Napi::Number::New(env, part.leader);
      partition["replicas"] = Int32s(env, part.replicas, part.replica_cnt);
      partition["inSyncReplicas"] = Int32s(env, part.isrs, part.isr_cnt);
      partition["error"] = RdError(part.err).ToJs(env);
      partitions[static_cast<uint32_t>(j)] = partition;
    }
    Napi::Object topic = Napi::Object::New(env);
    topic["name"] = Napi::String::New(env, from.topic == nullptr ? "" : from.topic);
    topic["error"] = RdError(from.err).ToJs(env);
    topic["partitions"] = partitions;
    topics[static_cast<uint32_t>(i)] = topic;
  }
  Napi::Object object = Napi::Object::New(env);
  object["brokers"] = brokers;
  object["topics"] = topics;
  return object;
}

Napi::Value ClosedPromise(Napi::Env env) {
  auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(RdError(RD_KAFKA_RESP_ERR__DESTROY).ToJs(env));
  return deferred.Promise();
}

}  // namespace

int IntArgument(const Napi::CallbackInfo& info, size_t index, int otherwise) {
  return info[index].IsNumber() ? info[index].As<Napi::Number>().Int32Value() : otherwise;
}

std::string TextArgument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
}

void Client::Open(const Napi::CallbackInfo& info, rd_kafka_type_t type, int events, bool keep_alive,
                  const MakeRole& make) {
  Napi::Env env = info.Env();
  auto loop = std::make_shared<PollLoop>();
  RdError error;
  rd::Conf conf = MakeConf(SettingsFromJs(info[0]), &error);
  rd_kafka_t* rk = nullptr;
  if (conf) {
    rd_kafka_conf_set_events(conf.get(), events | kCommonEvents);
    rd_kafka_conf_set_throttle_cb(conf.get(), OnThrottle);
    // Without a callback librdkafka makes no event of an automatic commit; with events enabled it is never called.
    if (type == RD_KAFKA_CONSUMER) {
      rd_kafka_conf_set_offset_commit_cb(
          conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void*) {});
      rd_kafka_conf_set_error_cb(conf.get(), OnPartitionError);
    }
    rd_kafka_conf_set_opaque(conf.get(), loop.get());  // the loop outlives the handle
    rk = MakeHandle(type, std::move(conf), &error);
  }
  if (rk == nullptr) {
    napi_throw(env, error.ToJs(env));
    return;
  }
  loop->Adopt(rk);
  js_ = std::make_shared<JsSide>();
  if (info[2].IsFunction()) js_->deliver = Napi::Persistent(info[2].As<Napi::Function>());
  loop_ = std::move(loop);
  loop_->Start(env, js_, make(*loop_), keep_alive);
}

Client::~Client() {
  // Collected without close(): a backstop that blocks nothing and leaves no group.
  if (open()) loop_->Abandon();
}

Napi::Value Client::Request(Napi::Env env, std::function<void(uint32_t)> run) {
  if (!open()) return ClosedPromise(env);
  uint32_t request = ++js_->last_request;
  auto deferred = Napi::Promise::Deferred::New(env);
  js_->promises.emplace(request, deferred);
  loop_->UpdateKeepAlive(env);
  loop_->Post([run = std::move(run), request] { run(request); });
  return deferred.Promise();
}

Napi::Value Client::BlockingRequest(Napi::Env env, std::function<void(uint32_t)> run) {
  if (!open()) return ClosedPromise(env);
  return Request(env, [this_loop = loop_.get(), run = std::move(run)](uint32_t request) {
    this_loop->Call([run, request] { run(request); });
  });
}

Napi::Value Client::Metadata(const Napi::CallbackInfo& info) {
  if (!open()) return ClosedPromise(info.Env());
  PollLoop* loop = loop_.get();
  int timeout = IntArgument(info, 1, 5000);
  return BlockingRequest(info.Env(), [loop, timeout, topic = TextArgument(info, 0)](uint32_t request) {
    rd::Topic only(topic.empty() ? nullptr : rd_kafka_topic_new(loop->rk(), topic.c_str(), nullptr));
    if (!topic.empty() && !only) return loop->Reject(request, RdError(rd_kafka_last_error()));
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_resp_err_t err = rd_kafka_metadata(loop->rk(), topic.empty() ? 1 : 0, only.get(), &metadata, timeout);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop->Reject(request, RdError(err));
    loop->Resolve(request, [owned = rd::Metadata(metadata)](Napi::Env env) { return MetadataToJs(env, *owned); });
  });
}

Napi::Value Client::Close(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!open()) return ClosedPromise(env);
  uint32_t request = ++js_->last_request;
  auto deferred = Napi::Promise::Deferred::New(env);
  js_->promises.emplace(request, deferred);
  loop_->UpdateKeepAlive(env);
  loop_->BeginClose(request, IntArgument(info, 0, 5000));
  closed_ = true;
  return deferred.Promise();
}

void Client::KeepAlive(const Napi::CallbackInfo& info) {
  if (open()) loop_->SetKeepAlive(info.Env(), info[0].ToBoolean());
}

Napi::Value Client::SetToken(const Napi::CallbackInfo& info) {
  if (!open()) return info.Env().Null();
  Settings extensions = SettingsFromJs(info[3]);
  std::vector<const char*> pairs;
  for (const auto& [key, value] : extensions) {
    pairs.push_back(key.c_str());
    pairs.push_back(value.c_str());
  }
  char text[512];
  int64_t lifetime = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : 0;
  rd_kafka_resp_err_t err =
      rd_kafka_oauthbearer_set_token(loop_->rk(), TextArgument(info, 0).c_str(), lifetime,
                                     TextArgument(info, 2).c_str(), pairs.data(), pairs.size(), text, sizeof text);
  return err == RD_KAFKA_RESP_ERR_NO_ERROR ? info.Env().Null() : RdError(err, text).ToJs(info.Env());
}

void Client::SetTokenFailure(const Napi::CallbackInfo& info) {
  if (open()) rd_kafka_oauthbearer_set_token_failure(loop_->rk(), TextArgument(info, 0).c_str());
}

void DeliverError(PollLoop& loop, RdError error) {
  DeliverEvent(loop, "error", [error = std::move(error)](Napi::Env env, Napi::Object object) {
    object["error"] = error.ToJs(env);
  });
}

bool DeliverCommonEvent(PollLoop& loop, rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR: {
      RdError error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
      // Of a fatal error librdkafka has put the underlying code and text into the event already.
      error.fatal = rd_kafka_event_error_is_fatal(event) != 0;
      DeliverError(loop, std::move(error));
      return true;
    }
    case RD_KAFKA_EVENT_LOG: {
      const char *facility = nullptr, *text = nullptr;
      int level = 0;
      if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return true;
      DeliverEvent(loop, "log", [facility = std::string(facility), text = std::string(text), level](
                                    Napi::Env env, Napi::Object object) {
        object["level"] = Napi::Number::New(env, level);
        object["facility"] = Napi::String::New(env, facility);
        object["message"] = Napi::String::New(env, text);
      });
      return true;
    }
    case RD_KAFKA_EVENT_STATS:
      DeliverEvent(loop, "stats", [json = std::string(rd_kafka_event_stats(event))](Napi::Env env, Napi::Object object) {
        object["json"] = Napi::String::New(env, json);
      });
      return true;
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: {
      const char* config = rd_kafka_event_config_string(event);
      DeliverEvent(loop, "oauth-refresh",
                   [config = std::string(config == nullptr ? "" : config)](Napi::Env env, Napi::Object object) {
                     object["config"] = Napi::String::New(env, config);
                   });
      return true;
    }
    default:
      return false;
  }
}
