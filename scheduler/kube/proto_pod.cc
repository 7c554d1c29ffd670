// core/v1 Pod. Field numbers are those of k8s.io/api/core/v1.
#include "scheduler/kube/proto_wire.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

RawPort ReadPort(pbf_reader port) {
  RawPort out;
  while (port.next()) {
    switch (port.tag_and_type()) {
      case Varint(2):
        out.host_port = port.get_int32();
        break;
      case Bytes(4):
        out.protocol = View(&port);
        break;
      case Bytes(5):
        out.address = View(&port);
        break;
      default:
        port.skip();
    }
  }
  return out;
}

// Field 2 of ResourceRequirements (containers and pod alike): requests.
void ReadRequests(pbf_reader requirements, RawList<RawPair>* out) {
  while (requirements.next()) {
    if (requirements.tag_and_type() == Bytes(2)) {
      out->push_back(ReadQuantityPair(requirements.get_message()));
    } else {
      requirements.skip();
    }
  }
}

RawContainer ReadContainer(pbf_reader container, RawPod* pod) {
  RawContainer out;
  out.requests.begin = pod->quantities.size();
  out.ports.begin = pod->ports.size();
  while (container.next()) {
    switch (container.tag_and_type()) {
      case Bytes(6):
        pod->ports.push_back(ReadPort(container.get_message()));
        break;
      case Bytes(8):
        ReadRequests(container.get_message(), &pod->quantities);
        break;
      case Bytes(24):
        out.restart_always = View(&container) == "Always";
        break;
      default:
        container.skip();
    }
  }
  out.requests.end = pod->quantities.size();
  out.ports.end = pod->ports.size();
  return out;
}

// The text of one field.
std::string_view ReadText(pbf_reader message, std::uint32_t field) {
  std::string_view text;
  while (message.next()) {
    if (message.tag_and_type() == Bytes(field)) {
      text = View(&message);
    } else {
      message.skip();
    }
  }
  return text;
}

// Returns the source's name if it is one that ties the pod to nodes, or nothing.
std::string_view ReadSource(pbf_reader source, RawVolume* out, bool* has_claim) {
  std::string_view found;
  while (source.next()) {
    for (const PlacedVolumeSource& placed : kPlacedVolumeSources) {
      if (source.tag_and_type() == Bytes(placed.proto_field)) found = placed.json_name;
    }
    const bool claim = source.tag_and_type() == Bytes(10);
    out->ephemeral = out->ephemeral || source.tag_and_type() == Bytes(29);
    *has_claim = *has_claim || claim || out->ephemeral;
    if (claim) {
      out->claim = ReadText(source.get_message(), 1);
    } else {
      source.skip();
    }
  }
  return found;
}

RawToleration ReadToleration(pbf_reader toleration) {
  RawToleration out;
  while (toleration.next()) {
    switch (toleration.tag_and_type()) {
      case Bytes(1):
        out.key = View(&toleration);
        break;
      case Bytes(2):
        out.op = View(&toleration);
        break;
      case Bytes(3):
        out.value = View(&toleration);
        break;
      case Bytes(4):
        out.effect = View(&toleration);
        break;
      default:
        toleration.skip();
    }
  }
  return out;
}

class SpecReader {
 public:
  explicit SpecReader(RawPod* out) : out_(out) {}

  void Read(pbf_reader spec) {
    while (spec.next()) {
      if (!ReadPlain(&spec) && !ReadRestriction(&spec)) spec.skip();
    }
  }

 private:
  // Each returns true if it has consumed the field.
  bool ReadPlain(pbf_reader* spec) {
    switch (spec->tag_and_type()) {
      case Bytes(2):
        out_->containers.push_back(ReadContainer(spec->get_message(), out_));
        return true;
      case Bytes(7):
        out_->node_selector.push_back(ReadPair(spec->get_message()));
        return true;
      case Bytes(8):
        out_->service_account = View(spec);
        return true;
      case Bytes(10):
        out_->node_name = View(spec);
        return true;
      case Bytes(19):
        out_->scheduler_name = View(spec);
        return true;
      case Bytes(20):
        out_->init_containers.push_back(ReadContainer(spec->get_message(), out_));
        return true;
      case Bytes(22):
        out_->tolerations.push_back(ReadToleration(spec->get_message()));
        return true;
      case Varint(25):
        out_->priority = spec->get_int32();
        return true;
      case Bytes(32):
        out_->overhead.push_back(ReadQuantityPair(spec->get_message()));
        return true;
      case Bytes(40):
        ReadRequests(spec->get_message(), &out_->pod_requests);
        return true;
      default:
        return false;
    }
  }

  bool ReadRestriction(pbf_reader* spec) {
    RawUnsupported& unsupported = out_->unsupported;
    switch (spec->tag_and_type()) {
      case Bytes(1):
        ReadVolume(spec->get_message());
        return true;
      case Bytes(18):
        ReadAffinity(spec->get_message(), out_);
        return true;
      case Bytes(33):
        out_->spread.push_back(ReadSpread(spec->get_message(), out_));
        return true;
      case Bytes(38):
        out_->gated = true;
        break;
      case Bytes(39):
        unsupported.resource_claims = true;
        break;
      case Bytes(43):
        unsupported.scheduling_group = true;
        break;
      default:
        break;
    }
    return false;
  }

  void ReadVolume(pbf_reader volume) {
    RawVolume read;
    bool has_claim = false;
    std::string_view placed_source;
    while (volume.next()) {
      switch (volume.tag_and_type()) {
        case Bytes(1):
          read.name = View(&volume);
          break;
        case Bytes(2):
          placed_source = ReadSource(volume.get_message(), &read, &has_claim);
          break;
        default:
          volume.skip();
      }
    }
    if (has_claim) out_->claims.push_back(read);
    if (!placed_source.empty() && out_->unsupported.volume < 0) {
      out_->unsupported.volume = volumes_;
      out_->unsupported.volume_source = placed_source;
    }
    ++volumes_;
  }

  RawPod* out_;
  std::int32_t volumes_ = 0;
};

void ReadStatus(pbf_reader status, RawPod* out) {
  while (status.next()) {
    switch (status.tag_and_type()) {
      case Bytes(1):
        out->phase = View(&status);
        break;
      case Bytes(4):
        out->status_reason = View(&status);
        break;
      default:
        status.skip();
    }
  }
}

void ReadPod(pbf_reader pod, RawPod* out) {
  while (pod.next()) {
    switch (pod.tag_and_type()) {
      case Bytes(1):
        ReadMeta(pod.get_message(), &out->meta);
        break;
      case Bytes(2):
        SpecReader(out).Read(pod.get_message());
        break;
      case Bytes(3):
        ReadStatus(pod.get_message(), out);
        break;
      default:
        pod.skip();
    }
  }
}

}  // namespace

Result<PodInfo> PodFromProto(std::string_view bytes, const TranslateOptions& options,
                             ObjectMeta* meta) {
  RawArena arena;
  RawPod raw(arena.memory());
  Status read = Guarded("Pod", [&] { ReadPod(Reader(bytes), &raw); });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslatePod(raw, options);
}

}  // namespace fairlead::kube
