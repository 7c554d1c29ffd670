// Makes the sequences.
#include "tests/conformance/random_requests.h"

namespace fairlead::conformance {
namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : c_(seed) {}

  std::vector<RandomRequest> Make() {
    const std::size_t count = 40 + c_.Below(41);
    while (out_.size() < count) Next();
    return std::move(out_);
  }

 private:
  // One thing of the pool.
  struct Place {
    const RandomKind* kind;
    std::string ns, name, collection, path;
  };

  Place Draw() { return DrawOf(&RandomKinds()[c_.Below(RandomKinds().size())]); }
  Place DrawOf(const RandomKind* kind) {
    Place place{kind, c_.Text({"${s}-x", "${s}-x", "${s}-x", "${s}-y"}),
                c_.Text({"a", "a", "b", "a", "c"}), "", ""};
    if (!kind->namespaced) place.ns.clear(), place.name = "${s}-" + place.name;
    place.collection = kind->Collection(place.ns);
    place.path = place.collection + "/" + place.name;
    return place;
  }
  Place Pod() { return DrawOf(&RandomKinds()[0]); }

  RandomRequest* Add(const std::string& method, const Place& place, const std::string& path) {
    RandomRequest request;
    request.method = method;
    request.path = path;
    request.kind = place.kind;
    request.object = place.kind->plural + "/" + place.ns + "/" + place.name;
    out_.push_back(std::move(request));
    return &out_.back();
  }

  std::string WriteQuery() {
    if (c_.OneIn(12)) return "?dryRun=" + c_.Text({"All", "All", "Some", ""});
    if (c_.OneIn(30)) return "?fieldManager=" + c_.Text({"tester", "x%00y"});
    return "";
  }
  void MaybeDamage(RandomRequest* request, std::size_t one_in) {
    if (c_.OneIn(one_in)) request->damage = c_.Seed();
  }

  void Next() {
    const std::size_t dice = c_.Below(100);
    if (out_.size() < 8 || dice < 26) return Create();
    if (dice < 40) return Update();
    if (dice < 58) return Patch();
    if (dice < 66) return Delete();
    if (dice < 68) return DeleteCollection();
    if (dice < 72) return Get();
    if (dice < 82) return List();
    if (dice < 87) return Bind();
    if (dice < 91) return Evict();
    if (dice < 95) return Watch();
    if (dice < 97) return Finish();
    Odd();
  }

  void Create() {
    Place place = Draw();
    if (c_.OneIn(40) && place.kind->namespaced) {
      place.collection = place.kind->Collection("${s}-none");
    }
    RandomRequest* request = Add("POST", place, place.collection + WriteQuery());
    request->body = RandomBody(*place.kind, place.name, &c_);
    if (c_.OneIn(15)) request->body["metadata"].erase("name");
    MaybeDamage(request, 7);
  }

  void Update() {
    const Place place = Draw();
    const bool status = place.kind->status && c_.OneIn(4);
    RandomRequest* request =
        Add("PUT", place, place.path + (status ? "/status" : "") + WriteQuery());
    request->from_last = !c_.OneIn(8);
    request->body = status ? RandomStatus(*place.kind, &c_) : RandomChange(*place.kind, &c_);
    if (!request->from_last) request->body = RandomBody(*place.kind, place.name, &c_);
    if (c_.OneIn(3)) {
      request->body.merge_patch(
          {{"metadata",
            {{"resourceVersion",
              c_.Of(std::vector<Json>{"${rv}", "${oldrv}", nullptr, "0", "x"})}}}});
    }
    MaybeDamage(request, 5);
  }

  Json JsonPatch(const RandomKind& kind) {
    Json ops = Json::array();
    const Json change = RandomChange(kind, &c_).flatten();
    for (std::size_t n = 1 + c_.Below(2); n > 0; --n) {
      auto leaf = change.begin();
      std::advance(leaf, static_cast<std::ptrdiff_t>(c_.Below(change.size())));
      const std::string path =
          c_.OneIn(6) ? c_.Text({"/metadata/labels/app", "/spec/none/x", "/metadata/finalizers/0",
                                 "", "metadata", "/metadata/finalizers/-", "/spec"})
                      : leaf.key();
      const std::string op = c_.Text({"add", "replace", "remove", "test", "add", "replace", "copy",
                                      "move", c_.OneIn(5) ? "mend" : "add"});
      Json one = {{"op", op}, {"path", path}};
      if (op == "copy" || op == "move")
        one["from"] = c_.Text({"/metadata/name", "/metadata/labels/app"});
      if (op == "add" || op == "replace" || op == "test") one["value"] = leaf.value();
      // Nulls in a JSON patch can end the real server's connection.
      if (one.contains("value") && one["value"].is_null()) one["value"] = "x";
      ops.push_back(one);
    }
    return ops;
  }

  Json Directives(Json change, const RandomKind& kind) {
    // Beside a null for the same list the real server's answer depends on the order of a map.
    const bool replaced = change.contains("metadata") && change["metadata"].contains("finalizers");
    if (!replaced && c_.OneIn(3))
      change["metadata"]["$deleteFromPrimitiveList/finalizers"] = {"e.com/hold"};
    if (c_.OneIn(4))
      change["metadata"]["labels"] = {{"$patch", c_.Text({"replace", "delete", "odd"})},
                                      {"app", "a"}};
    if (c_.OneIn(6))
      change["metadata"]["$setElementOrder/finalizers"] = {"e.com/other", "e.com/hold"};
    if (c_.OneIn(3) && kind.plural == "pods") {
      change["spec"]["containers"] = {c_.Of(std::vector<Json>{{{"name", "c"}, {"image", "j"}},
                                                              {{"name", "c"}, {"$patch", "delete"}},
                                                              {{"image", "j"}},
                                                              {{"name", "c"}, {"env", nullptr}}})};
    }
    if (c_.OneIn(3) && kind.plural == "nodes") {
      change["status"]["conditions"] = {
          {{"type", c_.Text({"Ready", "Other"})}, {"status", "True"}}};
      if (c_.OneIn(3)) change["spec"]["taints"] = {{{"$patch", "replace"}}};
    }
    return change;
  }

  void Patch() {
    const Place place = Draw();
    const bool status = place.kind->status && c_.OneIn(4);
    RandomRequest* request =
        Add("PATCH", place, place.path + (status ? "/status" : "") + WriteQuery());
    const Json change = status ? RandomStatus(*place.kind, &c_) : RandomChange(*place.kind, &c_);
    switch (c_.Below(3)) {
      case 0:
        request->type = "application/merge-patch+json";
        request->body = change;
        break;
      case 1:
        request->type = "application/strategic-merge-patch+json";
        request->body = Directives(change, *place.kind);
        break;
      default:
        request->type = "application/json-patch+json";
        request->body = JsonPatch(*place.kind);
    }
    if (c_.OneIn(10) && request->body.is_object()) {
      request->body["metadata"]["resourceVersion"] = c_.Text({"${rv}", "${oldrv}", "x"});
    }
    // An order for what is no list is an error of its own kind.
    if (request->body.dump().find("$setElementOrder") == std::string::npos) MaybeDamage(request, 6);
  }

  Json DeleteBody() {
    Json body = Json::object();
    if (c_.OneIn(2)) body["gracePeriodSeconds"] = c_.Of(std::vector<Json>{0, 0, 5, 30, -1, "x"});
    if (c_.OneIn(4)) {
      body["preconditions"]["uid"] = c_.Text({"${uid}", "11111111-2222-3333-4444-555555555555"});
    }
    if (c_.OneIn(5)) body["preconditions"]["resourceVersion"] = c_.Text({"${rv}", "${oldrv}", "1"});
    if (c_.OneIn(5)) {
      body["propagationPolicy"] = c_.Text({"Orphan", "Background", "Foreground", "Sideways"});
    }
    if (c_.OneIn(12)) body["orphanDependents"] = c_.OneIn(2);
    if (c_.OneIn(15)) body["dryRun"] = {c_.Text({"All", "Some"})};
    return body;
  }

  void Delete() {
    const Place place = Draw();
    RandomRequest* request = Add("DELETE", place, place.path);
    if (c_.OneIn(2)) {
      request->body = DeleteBody();
      MaybeDamage(request, 12);
    } else if (c_.OneIn(2)) {
      request->path += c_.Text({"?gracePeriodSeconds=0", "?gracePeriodSeconds=x", "?dryRun=All",
                                "?propagationPolicy=Foreground", "?propagationPolicy=Odd",
                                "?gracePeriodSeconds=5", "?orphanDependents=true"});
    }
  }

  void DeleteCollection() {
    const Place place = Draw();
    RandomRequest* request = Add("DELETE", place, place.collection + "?" + Selector(place, true));
    if (c_.OneIn(3)) request->body = DeleteBody();
  }

  // Cluster-scoped kinds always have a label selector that names the sequence.
  std::string Selector(const Place& place, bool whole_collection) {
    std::string labels;
    const bool mine = !place.kind->namespaced || place.ns.empty();
    if (mine) labels = "run%3D${s}";
    if (c_.OneIn(mine ? 3 : 2)) {
      const std::string more =
          c_.Text({"app%3Da", "app!%3Da", "app+in+(a,b)", "tier", "!tier", "app+notin+(a)",
                   "tier%3D", "app%3D%3Db", "app+in+()", "a+b", "tier%3Dx,app%3Da", "app%3E1"});
      labels += (labels.empty() ? "" : ",") + more;
    }
    std::string query = labels.empty() ? "" : "labelSelector=" + labels;
    if (c_.OneIn(5)) {
      query += "&fieldSelector=" +
               c_.Text({"metadata.name%3Da", "metadata.name!%3Da", "spec.nodeName%3D",
                        "status.phase%3DPending", "metadata.namespace%3D${s}-x", "spec.nope%3D1",
                        "spec.nodeName!%3Dn,status.phase!%3DFailed", "spec.unschedulable%3Dtrue",
                        "status.successful%3D0", "type%3DNormal", "involvedObject.name%3Da",
                        "reason%3D", "%3D", "spec.restartPolicy%3DNever"});
    }
    // Where others have objects too, pages depend on these.
    if (!whole_collection && !mine && c_.OneIn(3))
      query += "&limit=" + c_.Text({"1", "2", "1", "x", "0", "-1"});
    return query;
  }

  void Get() {
    const Place place = Draw();
    RandomRequest* request = Add("GET", place, place.path);
    if (place.kind->status && c_.OneIn(5)) request->path += "/status";
    if (c_.OneIn(6)) request->path += c_.Text({"?resourceVersion=x", "?resourceVersion=${rv}"});
    if (c_.OneIn(6)) request->accept = Accept("PartialObjectMetadata");
  }

  std::string Accept(const std::string& kind) {
    return c_.OneIn(6) ? c_.Text({"text/html", "*/*"})
                       : "application/json;as=" + kind +
                             ";v=" + c_.Text({"v1", "v1", "v1beta1", "v9"}) + ";g=meta.k8s.io";
  }

  void List() {
    Place place = Draw();
    if (place.kind->namespaced && c_.OneIn(5)) {
      place.ns.clear();
      place.collection = place.kind->Collection("");
    }
    RandomRequest* request = Add("GET", place, place.collection + "?" + Selector(place, false));
    if (c_.OneIn(4)) request->path += "&continue=${continue}";
    if (c_.OneIn(8)) {
      request->path += c_.Text({"&resourceVersion=x", "&resourceVersionMatch=Exact",
                                "&resourceVersion=${saved}&resourceVersionMatch=Exact",
                                "&resourceVersion=${saved}&resourceVersionMatch=Odd"});
    }
    if (c_.OneIn(12)) request->accept = Accept("PartialObjectMetadataList");
  }

  void Watch() {
    Place place = Draw();
    // The object that ends the watch has these labels.
    const std::string labels = c_.Text({"", "", ",app%3Da", ",tier,app+in+(a,b)", ",app!%3Db"});
    Add("WATCH", place,
        place.collection + "?resourceVersion=${saved}&labelSelector=run%3D${s}" + labels);
  }

  void Bind() {
    const Place place = Pod();
    const bool collection = c_.OneIn(6);
    RandomRequest* request = Add(
        "POST", place,
        (collection ? "/api/v1/namespaces/" + place.ns + "/bindings" : place.path + "/binding") +
            WriteQuery());
    request->body = {{"apiVersion", "v1"},
                     {"kind", "Binding"},
                     {"metadata", {{"name", place.name}}},
                     {"target", {{"kind", "Node"}, {"name", c_.Text({"${s}-a", "n", ""})}}}};
    if (c_.OneIn(4)) request->body["metadata"]["annotations"] = {{"device", c_.Text({"0", "1"})}};
    if (c_.OneIn(6)) request->body["metadata"]["uid"] = c_.Text({"${uid}", "1"});
    if (c_.OneIn(8)) request->body["target"]["kind"] = c_.Text({"Pod", ""});
    if (c_.OneIn(12)) request->body["metadata"]["namespace"] = "${s}-x";
    if (c_.OneIn(12)) request->body["metadata"]["name"] = c_.Text({"b", ""});
    MaybeDamage(request, 6);
  }

  void Evict() {
    const Place place = Pod();
    RandomRequest* request = Add("POST", place, place.path + "/eviction" + WriteQuery());
    request->body = {{"apiVersion", "policy/v1beta1"},
                     {"kind", "Eviction"},
                     {"metadata", {{"name", place.name}, {"namespace", place.ns}}}};
    if (c_.OneIn(3)) request->body["deleteOptions"] = DeleteBody();
    if (c_.OneIn(8)) request->body["metadata"].erase("name");
    if (c_.OneIn(12)) request->body["apiVersion"] = c_.Text({"policy/v1", "v1"});
    MaybeDamage(request, 8);
  }

  // Takes the finalizers away: what waits for them goes.
  void Finish() {
    const Place place = Draw();
    RandomRequest* request = Add("PATCH", place, place.path);
    request->type = "application/merge-patch+json";
    request->body = {{"metadata", {{"finalizers", nullptr}}}};
  }

  void Odd() {
    const Place place = Draw();
    switch (c_.Below(6)) {
      case 0:
        Add(c_.Text({"POST", "PUT", "PATCH"}), place, place.path)->body = Json::array();
        return;
      case 1:
        Add(c_.Text({"PUT", "PATCH", "BREW"}), place, place.collection)->body = Json::object();
        return;
      case 2:
        Add("GET", place, place.path + c_.Text({"/nothing", "/status/more", "/", "/scale"}));
        return;
      case 3: {
        RandomRequest* request = Add(c_.Text({"POST", "PATCH"}), place, place.collection);
        request->body = RandomBody(*place.kind, place.name, &c_);
        request->type =
            c_.Text({"text/plain", "application/xml", "application/json-patch+json", ""});
        if (request->method == "PATCH") request->path = place.path;
        return;
      }
      case 4:
        Add("GET", place,
            c_.Text({"/api/v1/widgets", "/apis/none.io/v1/things", "/api/v2/pods",
                     "/apis/batch/v9/jobs"}));
        return;
      default:
        Add("PUT", place, place.path + "/status")->body = RandomBody(*place.kind, place.name, &c_);
    }
  }

  Choices c_;
  std::vector<RandomRequest> out_;
};

}  // namespace

std::vector<RandomRequest> RandomSequence(std::uint64_t seed) { return Generator(seed).Make(); }

}  // namespace fairlead::conformance
