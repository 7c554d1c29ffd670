// Defaults of a pod's spec, for pods and for the templates of jobs; declared in admission_kinds.h.
#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

void DefaultHttpGet(json::object* handler) {
  json::value* get = handler->if_contains("httpGet");
  json::object* http = get == nullptr ? nullptr : get->if_object();
  if (http == nullptr) return;
  SetDefault(http, "path", "/");
  SetDefault(http, "scheme", "HTTP");
}

json::object* Member(json::object* object, json::string_view name) {
  json::value* found = object->if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

void DefaultProbes(json::object* container) {
  for (const char* name : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    json::object* probe = Member(container, name);
    if (probe == nullptr) continue;
    SetDefault(probe, "timeoutSeconds", 1);
    SetDefault(probe, "periodSeconds", 10);
    SetDefault(probe, "successThreshold", 1);
    SetDefault(probe, "failureThreshold", 3);
    DefaultHttpGet(probe);
    if (json::object* grpc = Member(probe, "grpc")) SetDefault(grpc, "service", "");
  }
  json::object* lifecycle = Member(container, "lifecycle");
  if (lifecycle == nullptr) return;
  for (const char* name : {"postStart", "preStop"}) {
    if (json::object* handler = Member(lifecycle, name)) DefaultHttpGet(handler);
  }
}

// "Always" for the tag latest, which is meant where neither tag nor digest is there.
const char* PullPolicy(std::string_view image) {
  const std::size_t at = image.find('@');
  const bool digest = at != std::string_view::npos;
  image = image.substr(0, at);
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.rfind(':');
  const bool tagged =
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  const std::string_view tag = tagged ? image.substr(colon + 1) : (digest ? "" : "latest");
  return tag == "latest" ? "Always" : "IfNotPresent";
}

void DefaultContainer(bool host_network, json::object* container) {
  EachObject(container, {"ports"}, [&](json::object* port) {
    SetDefault(port, "protocol", "TCP");
    if (host_network && GetInt(*port, {"hostPort"}, 0) == 0) {
      (*port)["hostPort"] = GetInt(*port, {"containerPort"}, 0);
    }
  });
  EachObject(container, {"env"}, [](json::object* entry) {
    json::object* from = Member(entry, "valueFrom");
    json::object* field = from == nullptr ? nullptr : Member(from, "fieldRef");
    if (field != nullptr) SetDefault(field, "apiVersion", "v1");
  });
  SetDefault(container, "resources", json::object());
  SetDefault(container, "terminationMessagePath", "/dev/termination-log");
  SetDefault(container, "terminationMessagePolicy", "File");
  SetDefault(container, "imagePullPolicy", PullPolicy(GetString(*container, {"image"})));
  DefaultProbes(container);
}

void DefaultItems(json::object* source) {
  EachObject(source, {"items"}, [](json::object* item) {
    if (json::object* field = Member(item, "fieldRef")) SetDefault(field, "apiVersion", "v1");
  });
}

void DefaultProjected(json::object* projected) {
  EachObject(projected, {"sources"}, [](json::object* source) {
    if (json::object* token = Member(source, "serviceAccountToken")) {
      SetDefault(token, "expirationSeconds", 3600);
    }
    if (json::object* downward = Member(source, "downwardAPI")) DefaultItems(downward);
  });
}

void DefaultVolume(json::object* volume) {
  constexpr int kMode = 0644;
  if (volume->size() == 1 && volume->contains("name")) (*volume)["emptyDir"].emplace_object();
  for (const char* name : {"secret", "configMap", "downwardAPI", "projected"}) {
    json::object* source = Member(volume, name);
    if (source == nullptr) continue;
    SetDefault(source, "defaultMode", kMode);
    DefaultItems(source);
    DefaultProjected(source);
  }
  if (json::object* path = Member(volume, "hostPath")) SetDefault(path, "type", "");
}

}  // namespace

void DefaultPodSpec(json::object* spec) {
  const bool host_network = GetBool(*spec, {"hostNetwork"}, false);
  EachObject(spec, {"volumes"}, DefaultVolume);
  for (const char* list : {"initContainers", "containers"}) {
    EachObject(spec, {list}, [&](json::object* one) { DefaultContainer(host_network, one); });
  }
  SetDefault(spec, "restartPolicy", "Always");
  SetDefault(spec, "terminationGracePeriodSeconds", 30);
  SetDefault(spec, "dnsPolicy", "ClusterFirst");
  // The older name of the field goes along with it.
  const std::string account(GetString(*spec, {"serviceAccountName"}));
  const std::string old_account(GetString(*spec, {"serviceAccount"}));
  if (!account.empty() || !old_account.empty()) {
    const std::string& name = account.empty() ? old_account : account;
    (*spec)["serviceAccountName"] = name;
    (*spec)["serviceAccount"] = name;
  }
  SetDefault(spec, "securityContext", json::object());
  SetDefault(spec, "schedulerName", "default-scheduler");
}

}  // namespace fairlead::apiserver
