// Fields that came after Kubernetes 1.20, by hand from the current types of k8s.io/api. The form is
// described in schema_build.cc. Fields of messages that 1.20 has are marked "c"; messages that it
// does not have are reached through such fields only.
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {

// clang-format off
const char kCurrentTable[] = R"(
meta.v1.ManagedFieldsEntry: subresource=8s;c
meta.v1.DeleteOptions: ignoreStoreReadErrorWithClusterBreakingPotential=6*b;c
meta.v1.PartialObjectMetadata: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
meta.v1.FieldSelectorRequirement: key=1!s operator=2!s;t=v1.FieldSelectorOperator values=3[s

core.v1.PodSpec: os=36*@core.v1.PodOS;g=OS;c hostUsers=37*b;c
  schedulingGates=38[@core.v1.PodSchedulingGate;k=name;c
  resourceClaims=39[@core.v1.PodResourceClaim;k=name;r;c
  resources=40*@core.v1.ResourceRequirements;c hostnameOverride=41*s;c
  schedulingGroup=43*@core.v1.PodSchedulingGroup;c
core.v1.PodOS: name=1!s;t=v1.OSName
core.v1.PodSchedulingGate: name=1!s
core.v1.PodSchedulingGroup: podGroupName=1*s
core.v1.PodResourceClaim: name=1!s resourceClaimName=3*s resourceClaimTemplateName=4*s
core.v1.PodStatus: resize=14s;t=v1.PodResizeStatus;c
  resourceClaimStatuses=15[@core.v1.PodResourceClaimStatus;k=name;r;c
  hostIPs=16[@core.v1.HostIP;k=ip;c observedGeneration=17I;c
core.v1.PodResourceClaimStatus: name=1!s resourceClaimName=2*s
core.v1.HostIP: ip=1!s;g=IP
core.v1.PodCondition: observedGeneration=7I;c

core.v1.Container: resizePolicy=23[@core.v1.ContainerResizePolicy;c
  restartPolicy=24*s;t=v1.ContainerRestartPolicy;c
  restartPolicyRules=25[@core.v1.ContainerRestartRule;c
core.v1.EphemeralContainerCommon: resizePolicy=23[@core.v1.ContainerResizePolicy;c
  restartPolicy=24*s;t=v1.ContainerRestartPolicy;c
  restartPolicyRules=25[@core.v1.ContainerRestartRule;c
core.v1.ContainerResizePolicy: resourceName=1!s;t=v1.ResourceName
  restartPolicy=2!s;t=v1.ResourceResizeRestartPolicy
core.v1.ContainerRestartRule: action=1s;t=v1.ContainerRestartRuleAction
  exitCodes=2*@core.v1.ContainerRestartRuleOnExitCodes
core.v1.ContainerRestartRuleOnExitCodes: operator=1s;t=v1.ContainerRestartRuleOnExitCodesOperator
  values=2[i
core.v1.ResourceRequirements: claims=3[@core.v1.ResourceClaim;c
core.v1.ResourceClaim: name=1!s request=2s
core.v1.ContainerStatus: allocatedResources=10{q;t=v1.ResourceList;c
  resources=11*@core.v1.ResourceRequirements;c
  volumeMounts=12[@core.v1.VolumeMountStatus;k=mountPath;c user=13*@core.v1.ContainerUser;c
  allocatedResourcesStatus=14[@core.v1.ResourceStatus;k=name;c stopSignal=15*s;t=v1.Signal;c
core.v1.VolumeMountStatus: name=1!s mountPath=2!s readOnly=3b
  recursiveReadOnly=4*s;t=v1.RecursiveReadOnlyMode
core.v1.ContainerUser: linux=1*@core.v1.LinuxContainerUser
core.v1.LinuxContainerUser: uid=1!I;g=UID gid=2!I;g=GID supplementalGroups=3[I
core.v1.ResourceStatus: name=1!s;t=v1.ResourceName resources=2[@core.v1.ResourceHealth
core.v1.ResourceHealth: resourceID=1!s;t=v1.ResourceID health=2s;t=v1.ResourceHealthStatus
core.v1.VolumeMount: recursiveReadOnly=7*s;t=v1.RecursiveReadOnlyMode;c

core.v1.Probe: terminationGracePeriodSeconds=7*I;c
core.v1.Handler: grpc=4*@core.v1.GRPCAction;g=GRPC;c
core.v1.GRPCAction: port=1!i service=2!*s
core.v1.Lifecycle: postStart=1*@core.v1.LifecycleHandler preStop=2*@core.v1.LifecycleHandler
  stopSignal=3*s;t=v1.Signal;c
core.v1.LifecycleHandler: exec=1*@core.v1.ExecAction httpGet=2*@core.v1.HTTPGetAction;g=HTTPGet
  tcpSocket=3*@core.v1.TCPSocketAction;g=TCPSocket sleep=4*@core.v1.SleepAction;c
core.v1.SleepAction: seconds=1!I
core.v1.EnvVarSource: fileKeyRef=5*@core.v1.FileKeySelector;c
core.v1.FileKeySelector: volumeName=1!s path=2!s key=3!s optional=4*b

core.v1.TopologySpreadConstraint: minDomains=5*i;c
  nodeAffinityPolicy=6*s;t=v1.NodeInclusionPolicy;c
  nodeTaintsPolicy=7*s;t=v1.NodeInclusionPolicy;c matchLabelKeys=8[s;c
core.v1.PodAffinityTerm: namespaceSelector=4*@meta.v1.LabelSelector;c matchLabelKeys=5[s;c
  mismatchLabelKeys=6[s;c

core.v1.SecurityContext: appArmorProfile=12*@core.v1.AppArmorProfile;c
core.v1.PodSecurityContext: appArmorProfile=11*@core.v1.AppArmorProfile;c
  supplementalGroupsPolicy=12*s;t=v1.SupplementalGroupsPolicy;c
  seLinuxChangePolicy=13*s;t=v1.PodSELinuxChangePolicy;g=SELinuxChangePolicy;c
core.v1.AppArmorProfile: type=1!s;t=v1.AppArmorProfileType localhostProfile=2*s
core.v1.WindowsSecurityContextOptions: hostProcess=4*b;c

core.v1.VolumeSource: image=30*@core.v1.ImageVolumeSource;c
core.v1.ImageVolumeSource: reference=1s pullPolicy=2s;t=v1.PullPolicy
core.v1.VolumeProjection: clusterTrustBundle=5*@core.v1.ClusterTrustBundleProjection;c
core.v1.ClusterTrustBundleProjection: name=1*s signerName=2*s
  labelSelector=3*@meta.v1.LabelSelector optional=5*b path=4!s
core.v1.PersistentVolumeClaimSpec: dataSourceRef=8*@core.v1.TypedObjectReference;c
  volumeAttributesClassName=9*s;c
core.v1.TypedObjectReference: apiGroup=1!*s;g=APIGroup kind=2!s name=3!s namespace=4*s

core.v1.NodeStatus: runtimeHandlers=12[@core.v1.NodeRuntimeHandler;c
  features=13*@core.v1.NodeFeatures;c
core.v1.NodeRuntimeHandler: name=1!s features=2*@core.v1.NodeRuntimeHandlerFeatures
core.v1.NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts=1*b userNamespaces=2*b
core.v1.NodeFeatures: supplementalGroupsPolicy=1*b
core.v1.NodeSystemInfo: swap=11*@core.v1.NodeSwapStatus;c
core.v1.NodeSwapStatus: capacity=1*I

core.v1.ServiceSpec: loadBalancerClass=21*s;c
  internalTrafficPolicy=22*s;t=v1.ServiceInternalTrafficPolicy;c trafficDistribution=23*s;c
core.v1.LoadBalancerIngress: ipMode=3*s;t=v1.LoadBalancerIPMode;g=IPMode;c

batch.v1.JobSpec: completionMode=9*s;t=v1.CompletionMode;c suspend=10*b;c
  podFailurePolicy=11*@batch.v1.PodFailurePolicy;c backoffLimitPerIndex=12*i;c
  maxFailedIndexes=13*i;c podReplacementPolicy=14*s;t=v1.PodReplacementPolicy;c managedBy=15*s;c
  successPolicy=16*@batch.v1.SuccessPolicy;c
batch.v1.PodFailurePolicy: rules=1![@batch.v1.PodFailurePolicyRule
batch.v1.PodFailurePolicyRule: action=1!s;t=v1.PodFailurePolicyAction
  onExitCodes=2*@batch.v1.PodFailurePolicyOnExitCodesRequirement
  onPodConditions=3[@batch.v1.PodFailurePolicyOnPodConditionsPattern
batch.v1.PodFailurePolicyOnExitCodesRequirement: containerName=1*s
  operator=2!s;t=v1.PodFailurePolicyOnExitCodesOperator values=3![i
batch.v1.PodFailurePolicyOnPodConditionsPattern: type=1!s;t=v1.PodConditionType
  status=2!s;t=v1.ConditionStatus
batch.v1.SuccessPolicy: rules=1![@batch.v1.SuccessPolicyRule
batch.v1.SuccessPolicyRule: succeededIndexes=1*s succeededCount=2*i
batch.v1.JobStatus: terminating=11*i;c completedIndexes=7s;c failedIndexes=10*s;c
  uncountedTerminatedPods=8*@batch.v1.UncountedTerminatedPods;c ready=9*i;c
batch.v1.UncountedTerminatedPods: succeeded=1[s;t=types.UID failed=2[s;t=types.UID

coordination.v1.LeaseSpec: strategy=6*s;t=v1.CoordinatedLeaseStrategy;c preferredHolder=7*s;c

policy.v1beta1.PodDisruptionBudgetSpec:
  unhealthyPodEvictionPolicy=4*s;t=v1beta1.UnhealthyPodEvictionPolicyType;c
policy.v1beta1.PodDisruptionBudgetStatus: conditions=7[@meta.v1.Condition;k=type;c
policy.v1.Eviction: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  deleteOptions=2*@meta.v1.DeleteOptions
policy.v1.PodDisruptionBudget: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@policy.v1.PodDisruptionBudgetSpec status=3!@policy.v1.PodDisruptionBudgetStatus
policy.v1.PodDisruptionBudgetList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@policy.v1.PodDisruptionBudget
policy.v1.PodDisruptionBudgetSpec: minAvailable=1*x selector=2*@meta.v1.LabelSelector;a
  maxUnavailable=3*x unhealthyPodEvictionPolicy=4*s;t=v1.UnhealthyPodEvictionPolicyType
policy.v1.PodDisruptionBudgetStatus: observedGeneration=1I disruptedPods=2{t
  disruptionsAllowed=3!i currentHealthy=4!i desiredHealthy=5!i expectedPods=6!i
  conditions=7[@meta.v1.Condition;k=type

authorization.v1.ResourceAttributes: fieldSelector=8*@authorization.v1.FieldSelectorAttributes;c
  labelSelector=9*@authorization.v1.LabelSelectorAttributes;c
authorization.v1.FieldSelectorAttributes: rawSelector=1s
  requirements=2[@meta.v1.FieldSelectorRequirement
authorization.v1.LabelSelectorAttributes: rawSelector=1s
  requirements=2[@meta.v1.LabelSelectorRequirement
)";
// clang-format on

}  // namespace fairlead::apiserver
