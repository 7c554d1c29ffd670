// The part of OpenAPI v3 that CustomResourceDefinitions use: pruning, defaults, validation, and
// simple validation rules. It leaves out allOf, anyOf, oneOf, not, format and multipleOf; patterns
// are those of ECMAScript, which agree with Go's for what people write.
#pragma once

#include <string>

#include "scheduler/apiserver/admission_checks.h"

namespace fairlead::apiserver {

// Drops what the schema does not know. At the root apiVersion, kind and metadata stay.
void PruneBySchema(const json::object& schema, bool root, json::object* object);
// Sets defaults, and drops nulls that the schema does not allow.
void DefaultBySchema(const json::object& schema, json::value* value);

struct SchemaCheck {
  // Elements are named by the list alone, as 1.20 does, and bounds are worded as there.
  bool old_words = false;
};
void CheckBySchema(const SchemaCheck& check, const json::object& schema, const json::value& value,
                   const std::string& field, Findings* findings);
// x-kubernetes-validations whose rule is a comparison of fields, literals and size(); others hold.
// `old` is null for a create, when rules about oldSelf hold.
void CheckRules(const json::object& schema, const json::value& value, const json::value* old,
                const std::string& field, Findings* findings);

}  // namespace fairlead::apiserver
