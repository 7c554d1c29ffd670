// Made by schema_tables.py from Kubernetes 1.20.2. The form is described in schema_build.cc.
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {

// clang-format off
const char kMetaTable[] = R"(
meta.v1.Condition: type=1!s status=2!s;t=v1.ConditionStatus observedGeneration=3I
  lastTransitionTime=4!t reason=5!s message=6!s
meta.v1.DeleteOptions: kind=0s apiVersion=0s gracePeriodSeconds=1*I
  preconditions=2*@meta.v1.Preconditions orphanDependents=3*b
  propagationPolicy=4*s;t=v1.DeletionPropagation dryRun=5[s
meta.v1.LabelSelector: matchLabels=1{s matchExpressions=2[@meta.v1.LabelSelectorRequirement
meta.v1.LabelSelectorRequirement: key=1!s;k=key operator=2!s;t=v1.LabelSelectorOperator values=3[s
meta.v1.ListMeta: selfLink=1s resourceVersion=2s continue=3s remainingItemCount=4*I
meta.v1.ManagedFieldsEntry: manager=1s operation=2s;t=v1.ManagedFieldsOperationType
  apiVersion=3s;g=APIVersion time=4*t fieldsType=6s fieldsV1=7*r
meta.v1.ObjectMeta: name=1s generateName=2s namespace=3s selfLink=4s uid=5s;t=types.UID;g=UID
  resourceVersion=6s generation=7I creationTimestamp=8!t deletionTimestamp=9*t
  deletionGracePeriodSeconds=10*I labels=11{s annotations=12{s
  ownerReferences=13[@meta.v1.OwnerReference;k=uid finalizers=14[s;l clusterName=15s
  managedFields=17[@meta.v1.ManagedFieldsEntry
meta.v1.OwnerReference: apiVersion=5!s;g=APIVersion kind=1!s name=3!s uid=4!s;t=types.UID;g=UID
  controller=6*b blockOwnerDeletion=7*b
meta.v1.PartialObjectMetadata: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
meta.v1.PartialObjectMetadataList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@meta.v1.PartialObjectMetadata
meta.v1.Preconditions: uid=1*s;t=types.UID;g=UID resourceVersion=2*s
meta.v1.Status: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta status=2s message=3s
  reason=4s;t=v1.StatusReason details=5*@meta.v1.StatusDetails code=6i
meta.v1.StatusCause: reason=1s;t=v1.CauseType;g=Type message=2s field=3s
meta.v1.StatusDetails: name=1s group=2s kind=3s uid=6s;t=types.UID;g=UID
  causes=4[@meta.v1.StatusCause retryAfterSeconds=5i
meta.v1.WatchEvent: type=1!s object=2!r)";
// clang-format on

}  // namespace fairlead::apiserver
