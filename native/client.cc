#include "client.h"

namespace {

void OnThrottle(rd_kafka_t*, const char* broker, int32_t id, int ms, void* opaque) {
  static_cast<PollLoop*>(opaque)->out().DeliverEvent("throttle", "broker", std::string(broker), "brokerId", id,
                                                     "throttleMs", ms);
}

// Errors of the client come as events. An error that librdkafka puts into the queue of one partition (such as that it
// does not exist) is served by the call that takes its messages, which supports callbacks only: on the poll thread,
// like all else.
void OnPartitionError(rd_kafka_t*, int err, const char* reason, void* opaque) {
  RdError error(static_cast<rd_kafka_resp_err_t>(err), reason);
  static_cast<PollLoop*>(opaque)->out().DeliverEvent("error", "error", std::move(error));
}

}  // namespace

// ToJs() of librdkafka's metadata is found through these types, so it is not in the unnamed namespace.
Napi::Value ToJs(Napi::Env env, const rd_kafka_metadata_broker& broker) {
  return MakeObject(env, "id", broker.id, "host", broker.host, "port", broker.port);
}

Napi::Value ToJs(Napi::Env env, const rd_kafka_metadata_partition& part) {
  return MakeObject(env, "id", part.id, "leader", part.leader, "replicas",
                    std::vector<int32_t>(part.replicas, part.replicas + part.replica_cnt), "inSyncReplicas",
                    std::vector<int32_t>(part.isrs, part.isrs + part.isr_cnt), "error", RdError(part.err));
}

Napi::Value ToJs(Napi::Env env, const rd_kafka_metadata_topic& topic) {
  return MakeObject(env, "name", topic.topic, "error", RdError(topic.err), "partitions",
                    std::vector<rd_kafka_metadata_partition>(topic.partitions, topic.partitions + topic.partition_cnt));
}

Napi::Value ToJs(Napi::Env env, const rd::Metadata& metadata) {
  return MakeObject(env, "brokers",
                    std::vector<rd_kafka_metadata_broker>(metadata->brokers, metadata->brokers + metadata->broker_cnt),
                    "topics",
                    std::vector<rd_kafka_metadata_topic>(metadata->topics, metadata->topics + metadata->topic_cnt));
}

void Client::Open(const Napi::CallbackInfo& info, rd_kafka_type_t type, int events, bool keep_alive,
                  const MakeDriver& make, const Prepare& prepare) {
  Napi::Env env = info.Env();
  auto loop = std::make_shared<PollLoop>();
  RdError error;
  const Settings settings = SettingsFromJs(info[0]);
  rd::Conf conf = MakeConf(settings, &error);
  if (env.IsExceptionPending()) return;
  rd_kafka_t* rk = nullptr;
  if (conf) {
    if (prepare) prepare(conf.get(), settings);
    rd_kafka_conf_set_events(conf.get(), events | kCommonEvents);
    rd_kafka_conf_set_throttle_cb(conf.get(), OnThrottle);
    if (type == RD_KAFKA_CONSUMER) rd_kafka_conf_set_error_cb(conf.get(), OnPartitionError);
    rd_kafka_conf_set_opaque(conf.get(), loop.get());  // the loop outlives the handle
    rk = MakeHandle(type, std::move(conf), &error);
  }
  std::unique_ptr<Driver> driver;
  if (rk != nullptr) {
    loop->Adopt(rk);
    driver = make(*loop, &error);
  }
  if (!driver) {
    napi_throw(env, ToJs(env, error));
    return;
  }
  info.This().As<Napi::Object>().Set("name", rd_kafka_name(rk));
  pending_ = std::make_shared<PendingPromises>();
  if (info[2].IsFunction()) pending_->deliver = Napi::Persistent(info[2].As<Napi::Function>());
  loop_ = std::move(loop);
  loop_->Start(env, pending_, std::move(driver), keep_alive);
}

Client::~Client() {
  // Collected without close(): a backstop that blocks nothing and leaves no group.
  if (open()) loop_->Abandon();
}

Napi::Value Client::Request(Napi::Env env, Run run) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  // Not made when an argument's getter threw, or the environment is ending: the caller sees that.
  if (env.IsExceptionPending() || napi_create_promise(env, &deferred, &promise) != napi_ok) return Napi::Value();
  if (open()) {
    uint32_t request = ++pending_->last_request;
    pending_->promises.emplace(request, deferred);
    loop_->UpdateKeepAlive(env);
    loop_->Post([loop = loop_.get(), run = std::move(run), request] { run(*loop, request); });
  } else {
    napi_reject_deferred(env, deferred, ToJs(env, RdError(RD_KAFKA_RESP_ERR__DESTROY)));
  }
  return Napi::Value(env, promise);
}

Napi::Value Client::BlockingRequest(Napi::Env env, Run run) {
  return Request(env, [run = std::move(run)](PollLoop& loop, uint32_t request) {
    loop.Call([&loop, run, request] { run(loop, request); });
  });
}

Napi::Value Client::Metadata(const Napi::CallbackInfo& info) {
  return BlockingRequest(
      info.Env(), [timeout = RequiredMs(info.Env(), info[1]), topic = Text(info[0])](PollLoop& loop, uint32_t request) {
        rd::Topic only(topic.empty() ? nullptr : rd_kafka_topic_new(loop.rk(), topic.c_str(), nullptr));
        if (!topic.empty() && !only) return loop.out().Reject(request, RdError(rd_kafka_last_error()));
        const rd_kafka_metadata_t* metadata = nullptr;
        rd_kafka_resp_err_t err = rd_kafka_metadata(loop.rk(), topic.empty() ? 1 : 0, only.get(), &metadata, timeout);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return loop.out().Reject(request, RdError(err));
        loop.out().Resolve(request, rd::Metadata(metadata));
      });
}

Napi::Value Client::Close(const Napi::CallbackInfo& info) {
  Napi::Value promise =
      Request(info.Env(), [timeout = RequiredMs(info.Env(), info[0])](PollLoop& loop, uint32_t request) {
        loop.BeginClose(request, timeout);
      });
  if (!promise.IsEmpty()) closed_ = true;
  return promise;
}

void Client::KeepAlive(const Napi::CallbackInfo& info) {
  if (open()) loop_->SetKeepAlive(info.Env(), Flag(info[0], false));
}

Napi::Value Client::SetToken(const Napi::CallbackInfo& info) {
  if (!open()) return info.Env().Null();
  Settings extensions = SettingsFromJs(info[3]);
  std::vector<const char*> pairs;
  for (const auto& [key, value] : extensions) {
    pairs.push_back(key.c_str());
    pairs.push_back(value.c_str());
  }
  rd::ErrText text;
  rd_kafka_resp_err_t err =
      rd_kafka_oauthbearer_set_token(loop_->rk(), Text(info[0]).c_str(), Integer(info[1], 0), Text(info[2]).c_str(),
                                     pairs.data(), pairs.size(), text.data, text.size);
  return err == RD_KAFKA_RESP_ERR_NO_ERROR ? info.Env().Null() : ToJs(info.Env(), RdError(err, text.data));
}

void Client::SetTokenFailure(const Napi::CallbackInfo& info) {
  if (open()) rd_kafka_oauthbearer_set_token_failure(loop_->rk(), Text(info[0]).c_str());
}

bool DeliverCommonEvent(PollLoop& loop, rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR: {
      RdError error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
      // Of a fatal error librdkafka has put the underlying code and text into the event already.
      error.fatal = rd_kafka_event_error_is_fatal(event) != 0;
      loop.out().DeliverEvent("error", "error", std::move(error));
      return true;
    }
    case RD_KAFKA_EVENT_LOG: {
      const char *facility = nullptr, *text = nullptr;
      int level = 0;
      if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return true;
      loop.out().DeliverEvent("log", "level", level, "facility", std::string(facility), "message", std::string(text));
      return true;
    }
    case RD_KAFKA_EVENT_STATS:
      loop.out().DeliverEvent("stats", "json", std::string(rd_kafka_event_stats(event)));
      return true;
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: {
      const char* config = rd_kafka_event_config_string(event);
      loop.out().DeliverEvent("oauth-refresh", "config", std::string(config == nullptr ? "" : config));
      return true;
    }
    default:
      return false;
  }
}
