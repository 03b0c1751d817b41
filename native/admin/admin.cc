#include "admin/admin.h"

#include "admin/topics.h"

Napi::Function Admin::Define(Napi::Env env) {
  std::vector<Napi::ClassPropertyDescriptor<Admin>> methods = {
      InstanceMethod("metadata", &Admin::Metadata), InstanceMethod("close", &Admin::Close),
      InstanceMethod("setToken", &Admin::SetToken), InstanceMethod("setTokenFailure", &Admin::SetTokenFailure)};
  for (const AdminOperations family : {TopicOperations()}) {
    for (const AdminOperation& operation : family) {
      methods.push_back(
          InstanceMethod(operation.name, &Admin::Run, napi_default, const_cast<AdminOperation*>(&operation)));
    }
  }
  return DefineClass(env, "NativeAdmin", methods);
}

Admin::Admin(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!IsWrapped(info.Env(), this)) return;
  Open(info, RD_KAFKA_PRODUCER, 0, false, [&](PollLoop& loop, RdError*) {
    auto driver = std::make_unique<AdminDriver>(loop);
    driver_ = driver.get();
    return driver;
  });
}

Napi::Value Admin::Run(const Napi::CallbackInfo& info) {
  const auto* operation = static_cast<const AdminOperation*>(info.Data());
  return Request(info.Env(), [driver = driver_, operation, send = operation->build(info[0]),
                              timeout = RequiredMs(info.Env(), info[1])](PollLoop&, uint32_t request) {
    driver->Run(request, *operation, send, timeout);
  });
}
