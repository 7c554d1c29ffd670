// Made by schema_tables.py from Kubernetes 1.20.2. The form is described in schema_build.cc.
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {

// clang-format off
const char kOtherTable[] = R"(
authorization.v1.NonResourceAttributes: path=1s verb=2s
authorization.v1.ResourceAttributes: namespace=1s verb=2s group=3s version=4s resource=5s
  subresource=6s name=7s
authorization.v1.SelfSubjectAccessReview: kind=0s apiVersion=0s
  metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta spec=2!@authorization.v1.SelfSubjectAccessReviewSpec
  status=3!@authorization.v1.SubjectAccessReviewStatus
authorization.v1.SelfSubjectAccessReviewSpec:
  resourceAttributes=1*@authorization.v1.ResourceAttributes
  nonResourceAttributes=2*@authorization.v1.NonResourceAttributes
authorization.v1.SubjectAccessReviewStatus: allowed=1!b denied=4b reason=2s evaluationError=3s
batch.v1.Job: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@batch.v1.JobSpec status=3!@batch.v1.JobStatus
batch.v1.JobCondition: type=1!s;t=v1.JobConditionType status=2!s;t=v1.ConditionStatus
  lastProbeTime=3!t lastTransitionTime=4!t reason=5s message=6s
batch.v1.JobList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@batch.v1.Job
batch.v1.JobSpec: parallelism=1*i completions=2*i activeDeadlineSeconds=3*I backoffLimit=7*i
  selector=4*@meta.v1.LabelSelector manualSelector=5*b template=6!@core.v1.PodTemplateSpec
  ttlSecondsAfterFinished=8*i;g=TTLSecondsAfterFinished
batch.v1.JobStatus: conditions=1[@batch.v1.JobCondition;k=type startTime=2*t completionTime=3*t
  active=4i succeeded=5i failed=6i
coordination.v1.Lease: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@coordination.v1.LeaseSpec
coordination.v1.LeaseList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@coordination.v1.Lease
coordination.v1.LeaseSpec: holderIdentity=1*s leaseDurationSeconds=2*i acquireTime=3*u renewTime=4*u
  leaseTransitions=5*i
events.v1.Event: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta eventTime=2!u
  series=3*@events.v1.EventSeries reportingController=4s reportingInstance=5s action=6s reason=7s
  regarding=8!@core.v1.ObjectReference related=9*@core.v1.ObjectReference note=10s type=11s
  deprecatedSource=12!@core.v1.EventSource deprecatedFirstTimestamp=13!t
  deprecatedLastTimestamp=14!t deprecatedCount=15i
events.v1.EventList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@events.v1.Event
events.v1.EventSeries: count=1!i lastObservedTime=2!u
policy.v1beta1.Eviction: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  deleteOptions=2*@meta.v1.DeleteOptions
policy.v1beta1.PodDisruptionBudget: kind=0s apiVersion=0s
  metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta spec=2!@policy.v1beta1.PodDisruptionBudgetSpec
  status=3!@policy.v1beta1.PodDisruptionBudgetStatus
policy.v1beta1.PodDisruptionBudgetList: kind=0s apiVersion=0s
  metadata=1!@meta.v1.ListMeta;g=ListMeta items=2![@policy.v1beta1.PodDisruptionBudget
policy.v1beta1.PodDisruptionBudgetSpec: minAvailable=1*x selector=2*@meta.v1.LabelSelector
  maxUnavailable=3*x
policy.v1beta1.PodDisruptionBudgetStatus: observedGeneration=1I disruptedPods=2{t
  disruptionsAllowed=3!i currentHealthy=4!i desiredHealthy=5!i expectedPods=6!i
scheduling.v1.PriorityClass: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  value=2!i globalDefault=3b description=4s preemptionPolicy=5*s;t=v1.PreemptionPolicy
scheduling.v1.PriorityClassList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@scheduling.v1.PriorityClass)";
// clang-format on

}  // namespace fairlead::apiserver
