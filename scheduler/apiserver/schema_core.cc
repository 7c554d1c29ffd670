// Made by schema_tables.py from Kubernetes 1.20.2. The form is described in schema_build.cc.
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {

// clang-format off
const char kCoreTable[] = R"(
core.v1.AWSElasticBlockStoreVolumeSource: volumeID=1!s fsType=2s;g=FSType partition=3i readOnly=4b
core.v1.Affinity: nodeAffinity=1*@core.v1.NodeAffinity podAffinity=2*@core.v1.PodAffinity
  podAntiAffinity=3*@core.v1.PodAntiAffinity
core.v1.AttachedVolume: name=1!s;t=v1.UniqueVolumeName devicePath=2!s
core.v1.AzureDiskVolumeSource: diskName=1!s diskURI=2!s;g=DataDiskURI
  cachingMode=3*s;t=v1.AzureDataDiskCachingMode fsType=4*s;g=FSType readOnly=5*b
  kind=6*s;t=v1.AzureDataDiskKind
core.v1.AzureFileVolumeSource: secretName=1!s shareName=2!s readOnly=3b
core.v1.Binding: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  target=2!@core.v1.ObjectReference
core.v1.CSIVolumeSource: driver=1!s readOnly=2*b fsType=3*s;g=FSType volumeAttributes=4{s
  nodePublishSecretRef=5*@core.v1.LocalObjectReference
core.v1.Capabilities: add=1[s;t=v1.Capability drop=2[s;t=v1.Capability
core.v1.CephFSVolumeSource: monitors=1![s path=2s user=3s secretFile=4s
  secretRef=5*@core.v1.LocalObjectReference readOnly=6b
core.v1.CinderVolumeSource: volumeID=1!s fsType=2s;g=FSType readOnly=3b
  secretRef=4*@core.v1.LocalObjectReference
core.v1.ClientIPConfig: timeoutSeconds=1*i
core.v1.ConfigMap: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta immutable=4*b
  data=2{s binaryData=3{y
core.v1.ConfigMapEnvSource: =1@core.v1.LocalObjectReference;g=LocalObjectReference optional=2*b
core.v1.ConfigMapKeySelector: =1@core.v1.LocalObjectReference;g=LocalObjectReference key=2!s
  optional=3*b
core.v1.ConfigMapList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.ConfigMap
core.v1.ConfigMapNodeConfigSource: namespace=1!s name=2!s uid=3s;t=types.UID;g=UID
  resourceVersion=4s kubeletConfigKey=5!s
core.v1.ConfigMapProjection: =1@core.v1.LocalObjectReference;g=LocalObjectReference
  items=2[@core.v1.KeyToPath optional=4*b
core.v1.ConfigMapVolumeSource: =1@core.v1.LocalObjectReference;g=LocalObjectReference
  items=2[@core.v1.KeyToPath defaultMode=3*i optional=4*b
core.v1.Container: name=1!s image=2s command=3[s args=4[s workingDir=5s
  ports=6[@core.v1.ContainerPort;k=containerPort envFrom=19[@core.v1.EnvFromSource
  env=7[@core.v1.EnvVar;k=name resources=8!@core.v1.ResourceRequirements
  volumeMounts=9[@core.v1.VolumeMount;k=mountPath
  volumeDevices=21[@core.v1.VolumeDevice;k=devicePath livenessProbe=10*@core.v1.Probe
  readinessProbe=11*@core.v1.Probe startupProbe=22*@core.v1.Probe lifecycle=12*@core.v1.Lifecycle
  terminationMessagePath=13s terminationMessagePolicy=20s;t=v1.TerminationMessagePolicy
  imagePullPolicy=14s;t=v1.PullPolicy securityContext=15*@core.v1.SecurityContext stdin=16b
  stdinOnce=17b tty=18b;g=TTY
core.v1.ContainerImage: names=1![s sizeBytes=2I
core.v1.ContainerPort: name=1s hostPort=2i containerPort=3!i protocol=4s;t=v1.Protocol hostIP=5s
core.v1.ContainerState: waiting=1*@core.v1.ContainerStateWaiting
  running=2*@core.v1.ContainerStateRunning terminated=3*@core.v1.ContainerStateTerminated
core.v1.ContainerStateRunning: startedAt=1!t
core.v1.ContainerStateTerminated: exitCode=1!i signal=2i reason=3s message=4s startedAt=5!t
  finishedAt=6!t containerID=7s
core.v1.ContainerStateWaiting: reason=1s message=2s
core.v1.ContainerStatus: name=1!s state=2!@core.v1.ContainerState
  lastState=3!@core.v1.ContainerState;g=LastTerminationState ready=4!b restartCount=5!i image=6!s
  imageID=7!s containerID=8s started=9*b
core.v1.DaemonEndpoint: Port=1!i
core.v1.DownwardAPIProjection: items=1[@core.v1.DownwardAPIVolumeFile
core.v1.DownwardAPIVolumeFile: path=1!s fieldRef=2*@core.v1.ObjectFieldSelector
  resourceFieldRef=3*@core.v1.ResourceFieldSelector mode=4*i
core.v1.DownwardAPIVolumeSource: items=1[@core.v1.DownwardAPIVolumeFile defaultMode=2*i
core.v1.EmptyDirVolumeSource: medium=1s;t=v1.StorageMedium sizeLimit=2*q
core.v1.EnvFromSource: prefix=1s configMapRef=2*@core.v1.ConfigMapEnvSource
  secretRef=3*@core.v1.SecretEnvSource
core.v1.EnvVar: name=1!s value=2s valueFrom=3*@core.v1.EnvVarSource
core.v1.EnvVarSource: fieldRef=1*@core.v1.ObjectFieldSelector
  resourceFieldRef=2*@core.v1.ResourceFieldSelector configMapKeyRef=3*@core.v1.ConfigMapKeySelector
  secretKeyRef=4*@core.v1.SecretKeySelector
core.v1.EphemeralContainer: =1@core.v1.EphemeralContainerCommon;g=EphemeralContainerCommon
  targetContainerName=2s
core.v1.EphemeralContainerCommon: name=1!s image=2s command=3[s args=4[s workingDir=5s
  ports=6[@core.v1.ContainerPort envFrom=19[@core.v1.EnvFromSource env=7[@core.v1.EnvVar;k=name
  resources=8!@core.v1.ResourceRequirements volumeMounts=9[@core.v1.VolumeMount;k=mountPath
  volumeDevices=21[@core.v1.VolumeDevice;k=devicePath livenessProbe=10*@core.v1.Probe
  readinessProbe=11*@core.v1.Probe startupProbe=22*@core.v1.Probe lifecycle=12*@core.v1.Lifecycle
  terminationMessagePath=13s terminationMessagePolicy=20s;t=v1.TerminationMessagePolicy
  imagePullPolicy=14s;t=v1.PullPolicy securityContext=15*@core.v1.SecurityContext stdin=16b
  stdinOnce=17b tty=18b;g=TTY
core.v1.EphemeralVolumeSource: volumeClaimTemplate=1*@core.v1.PersistentVolumeClaimTemplate
  readOnly=2b
core.v1.Event: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  involvedObject=2!@core.v1.ObjectReference reason=3s message=4s source=5!@core.v1.EventSource
  firstTimestamp=6!t lastTimestamp=7!t count=8i type=9s eventTime=10!u
  series=11*@core.v1.EventSeries action=12s related=13*@core.v1.ObjectReference
  reportingComponent=14!s;g=ReportingController reportingInstance=15!s
core.v1.EventList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.Event
core.v1.EventSeries: count=1i lastObservedTime=2!u
core.v1.EventSource: component=1s host=2s
core.v1.ExecAction: command=1[s
core.v1.FCVolumeSource: targetWWNs=1[s lun=2*i fsType=3s;g=FSType readOnly=4b wwids=5[s;g=WWIDs
core.v1.FlexVolumeSource: driver=1!s fsType=2s;g=FSType secretRef=3*@core.v1.LocalObjectReference
  readOnly=4b options=5{s
core.v1.FlockerVolumeSource: datasetName=1s datasetUUID=2s
core.v1.GCEPersistentDiskVolumeSource: pdName=1!s;g=PDName fsType=2s;g=FSType partition=3i
  readOnly=4b
core.v1.GitRepoVolumeSource: repository=1!s revision=2s directory=3s
core.v1.GlusterfsVolumeSource: endpoints=1!s;g=EndpointsName path=2!s readOnly=3b
core.v1.HTTPGetAction: path=1s port=2!x host=3s scheme=4s;t=v1.URIScheme
  httpHeaders=5[@core.v1.HTTPHeader;g=HTTPHeaders
core.v1.HTTPHeader: name=1!s value=2!s
core.v1.Handler: exec=1*@core.v1.ExecAction httpGet=2*@core.v1.HTTPGetAction;g=HTTPGet
  tcpSocket=3*@core.v1.TCPSocketAction;g=TCPSocket
core.v1.HostAlias: ip=1s;g=IP hostnames=2[s
core.v1.HostPathVolumeSource: path=1!s type=2*s;t=v1.HostPathType
core.v1.ISCSIVolumeSource: targetPortal=1!s iqn=2!s;g=IQN lun=3!i iscsiInterface=4s;g=ISCSIInterface
  fsType=5s;g=FSType readOnly=6b portals=7[s chapAuthDiscovery=8b;g=DiscoveryCHAPAuth
  chapAuthSession=11b;g=SessionCHAPAuth secretRef=10*@core.v1.LocalObjectReference
  initiatorName=12*s
core.v1.KeyToPath: key=1!s path=2!s mode=3*i
core.v1.Lifecycle: postStart=1*@core.v1.Handler preStop=2*@core.v1.Handler
core.v1.LoadBalancerIngress: ip=1s;g=IP hostname=2s ports=4[@core.v1.PortStatus
core.v1.LoadBalancerStatus: ingress=1[@core.v1.LoadBalancerIngress
core.v1.LocalObjectReference: name=1s
core.v1.NFSVolumeSource: server=1!s path=2!s readOnly=3b
core.v1.Namespace: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@core.v1.NamespaceSpec status=3!@core.v1.NamespaceStatus
core.v1.NamespaceCondition: type=1!s;t=v1.NamespaceConditionType status=2!s;t=v1.ConditionStatus
  lastTransitionTime=4!t reason=5s message=6s
core.v1.NamespaceList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.Namespace
core.v1.NamespaceSpec: finalizers=1[s;t=v1.FinalizerName
core.v1.NamespaceStatus: phase=1s;t=v1.NamespacePhase
  conditions=2[@core.v1.NamespaceCondition;k=type
core.v1.Node: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@core.v1.NodeSpec status=3!@core.v1.NodeStatus
core.v1.NodeAddress: type=1!s;t=v1.NodeAddressType address=2!s
core.v1.NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution=1*@core.v1.NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution=2[@core.v1.PreferredSchedulingTerm
core.v1.NodeCondition: type=1!s;t=v1.NodeConditionType status=2!s;t=v1.ConditionStatus
  lastHeartbeatTime=3!t lastTransitionTime=4!t reason=5s message=6s
core.v1.NodeConfigSource: configMap=2*@core.v1.ConfigMapNodeConfigSource
core.v1.NodeConfigStatus: assigned=1*@core.v1.NodeConfigSource active=2*@core.v1.NodeConfigSource
  lastKnownGood=3*@core.v1.NodeConfigSource error=4s
core.v1.NodeDaemonEndpoints: kubeletEndpoint=1!@core.v1.DaemonEndpoint
core.v1.NodeList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.Node
core.v1.NodeSelector: nodeSelectorTerms=1![@core.v1.NodeSelectorTerm
core.v1.NodeSelectorRequirement: key=1!s operator=2!s;t=v1.NodeSelectorOperator values=3[s
core.v1.NodeSelectorTerm: matchExpressions=1[@core.v1.NodeSelectorRequirement
  matchFields=2[@core.v1.NodeSelectorRequirement
core.v1.NodeSpec: podCIDR=1s podCIDRs=7[s;l providerID=3s unschedulable=4b taints=5[@core.v1.Taint
  configSource=6*@core.v1.NodeConfigSource externalID=2s;g=DoNotUseExternalID
core.v1.NodeStatus: capacity=1{q;t=v1.ResourceList allocatable=2{q;t=v1.ResourceList
  phase=3s;t=v1.NodePhase conditions=4[@core.v1.NodeCondition;k=type
  addresses=5[@core.v1.NodeAddress;k=type daemonEndpoints=6!@core.v1.NodeDaemonEndpoints
  nodeInfo=7!@core.v1.NodeSystemInfo images=8[@core.v1.ContainerImage
  volumesInUse=9[s;t=v1.UniqueVolumeName volumesAttached=10[@core.v1.AttachedVolume
  config=11*@core.v1.NodeConfigStatus
core.v1.NodeSystemInfo: machineID=1!s systemUUID=2!s bootID=3!s kernelVersion=4!s
  osImage=5!s;g=OSImage containerRuntimeVersion=6!s kubeletVersion=7!s kubeProxyVersion=8!s
  operatingSystem=9!s architecture=10!s
core.v1.ObjectFieldSelector: apiVersion=1s;g=APIVersion fieldPath=2!s
core.v1.ObjectReference: kind=1s namespace=2s name=3s uid=4s;t=types.UID;g=UID
  apiVersion=5s;g=APIVersion resourceVersion=6s fieldPath=7s
core.v1.PersistentVolumeClaimSpec: accessModes=1[s;t=v1.PersistentVolumeAccessMode
  selector=4*@meta.v1.LabelSelector resources=2!@core.v1.ResourceRequirements volumeName=3s
  storageClassName=5*s volumeMode=6*s;t=v1.PersistentVolumeMode
  dataSource=7*@core.v1.TypedLocalObjectReference
core.v1.PersistentVolumeClaimTemplate: metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@core.v1.PersistentVolumeClaimSpec
core.v1.PersistentVolumeClaimVolumeSource: claimName=1!s readOnly=2b
core.v1.PhotonPersistentDiskVolumeSource: pdID=1!s fsType=2s;g=FSType
core.v1.Pod: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@core.v1.PodSpec status=3!@core.v1.PodStatus
core.v1.PodAffinity: requiredDuringSchedulingIgnoredDuringExecution=1[@core.v1.PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution=2[@core.v1.WeightedPodAffinityTerm
core.v1.PodAffinityTerm: labelSelector=1*@meta.v1.LabelSelector namespaces=2[s topologyKey=3!s
core.v1.PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution=1[@core.v1.PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution=2[@core.v1.WeightedPodAffinityTerm
core.v1.PodCondition: type=1!s;t=v1.PodConditionType status=2!s;t=v1.ConditionStatus
  lastProbeTime=3!t lastTransitionTime=4!t reason=5s message=6s
core.v1.PodDNSConfig: nameservers=1[s searches=2[s options=3[@core.v1.PodDNSConfigOption
core.v1.PodDNSConfigOption: name=1s value=2*s
core.v1.PodIP: ip=1s;g=IP
core.v1.PodList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta items=2![@core.v1.Pod
core.v1.PodReadinessGate: conditionType=1!s;t=v1.PodConditionType
core.v1.PodSecurityContext: seLinuxOptions=1*@core.v1.SELinuxOptions;g=SELinuxOptions
  windowsOptions=8*@core.v1.WindowsSecurityContextOptions runAsUser=2*I runAsGroup=6*I
  runAsNonRoot=3*b supplementalGroups=4[I fsGroup=5*I;g=FSGroup sysctls=7[@core.v1.Sysctl
  fsGroupChangePolicy=9*s;t=v1.PodFSGroupChangePolicy;g=FSGroupChangePolicy
  seccompProfile=10*@core.v1.SeccompProfile
core.v1.PodSpec: volumes=1[@core.v1.Volume;k=name;r initContainers=20[@core.v1.Container;k=name
  containers=2![@core.v1.Container;k=name ephemeralContainers=34[@core.v1.EphemeralContainer;k=name
  restartPolicy=3s;t=v1.RestartPolicy terminationGracePeriodSeconds=4*I activeDeadlineSeconds=5*I
  dnsPolicy=6s;t=v1.DNSPolicy;g=DNSPolicy nodeSelector=7{s serviceAccountName=8s
  serviceAccount=9s;g=DeprecatedServiceAccount automountServiceAccountToken=21*b nodeName=10s
  hostNetwork=11b hostPID=12b hostIPC=13b shareProcessNamespace=27*b
  securityContext=14*@core.v1.PodSecurityContext
  imagePullSecrets=15[@core.v1.LocalObjectReference;k=name hostname=16s subdomain=17s
  affinity=18*@core.v1.Affinity schedulerName=19s tolerations=22[@core.v1.Toleration
  hostAliases=23[@core.v1.HostAlias;k=ip priorityClassName=24s priority=25*i
  dnsConfig=26*@core.v1.PodDNSConfig;g=DNSConfig readinessGates=28[@core.v1.PodReadinessGate
  runtimeClassName=29*s enableServiceLinks=30*b preemptionPolicy=31*s;t=v1.PreemptionPolicy
  overhead=32{q;t=v1.ResourceList
  topologySpreadConstraints=33[@core.v1.TopologySpreadConstraint;k=topologyKey
  setHostnameAsFQDN=35*b
core.v1.PodStatus: phase=1s;t=v1.PodPhase conditions=2[@core.v1.PodCondition;k=type message=3s
  reason=4s nominatedNodeName=11s hostIP=5s podIP=6s podIPs=12[@core.v1.PodIP;k=ip startTime=7*t
  initContainerStatuses=10[@core.v1.ContainerStatus containerStatuses=8[@core.v1.ContainerStatus
  qosClass=9s;t=v1.PodQOSClass;g=QOSClass ephemeralContainerStatuses=13[@core.v1.ContainerStatus
core.v1.PodTemplate: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  template=2!@core.v1.PodTemplateSpec
core.v1.PodTemplateSpec: metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta spec=2!@core.v1.PodSpec
core.v1.PortStatus: port=1!i protocol=2!s;t=v1.Protocol error=3*s
core.v1.PortworxVolumeSource: volumeID=1!s fsType=2s;g=FSType readOnly=3b
core.v1.PreferredSchedulingTerm: weight=1!i preference=2!@core.v1.NodeSelectorTerm
core.v1.Probe: =1@core.v1.Handler;g=Handler initialDelaySeconds=2i timeoutSeconds=3i
  periodSeconds=4i successThreshold=5i failureThreshold=6i
core.v1.ProjectedVolumeSource: sources=1![@core.v1.VolumeProjection defaultMode=2*i
core.v1.QuobyteVolumeSource: registry=1!s volume=2!s readOnly=3b user=4s group=5s tenant=6s
core.v1.RBDVolumeSource: monitors=1![s;g=CephMonitors image=2!s;g=RBDImage fsType=3s;g=FSType
  pool=4s;g=RBDPool user=5s;g=RadosUser keyring=6s secretRef=7*@core.v1.LocalObjectReference
  readOnly=8b
core.v1.ResourceFieldSelector: containerName=1s resource=2!s divisor=3!q
core.v1.ResourceRequirements: limits=1{q;t=v1.ResourceList requests=2{q;t=v1.ResourceList
core.v1.SELinuxOptions: user=1s role=2s type=3s level=4s
core.v1.ScaleIOVolumeSource: gateway=1!s system=2!s secretRef=3!*@core.v1.LocalObjectReference
  sslEnabled=4b;g=SSLEnabled protectionDomain=5s storagePool=6s storageMode=7s volumeName=8s
  fsType=9s;g=FSType readOnly=10b
core.v1.SeccompProfile: type=1!s;t=v1.SeccompProfileType localhostProfile=2*s
core.v1.Secret: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta immutable=5*b
  data=2{y stringData=4{s type=3s;t=v1.SecretType
core.v1.SecretEnvSource: =1@core.v1.LocalObjectReference;g=LocalObjectReference optional=2*b
core.v1.SecretKeySelector: =1@core.v1.LocalObjectReference;g=LocalObjectReference key=2!s
  optional=3*b
core.v1.SecretList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.Secret
core.v1.SecretProjection: =1@core.v1.LocalObjectReference;g=LocalObjectReference
  items=2[@core.v1.KeyToPath optional=4*b
core.v1.SecretVolumeSource: secretName=1s items=2[@core.v1.KeyToPath defaultMode=3*i optional=4*b
core.v1.SecurityContext: capabilities=1*@core.v1.Capabilities privileged=2*b
  seLinuxOptions=3*@core.v1.SELinuxOptions;g=SELinuxOptions
  windowsOptions=10*@core.v1.WindowsSecurityContextOptions runAsUser=4*I runAsGroup=8*I
  runAsNonRoot=5*b readOnlyRootFilesystem=6*b allowPrivilegeEscalation=7*b
  procMount=9*s;t=v1.ProcMountType seccompProfile=11*@core.v1.SeccompProfile
core.v1.Service: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  spec=2!@core.v1.ServiceSpec status=3!@core.v1.ServiceStatus
core.v1.ServiceAccount: kind=0s apiVersion=0s metadata=1!@meta.v1.ObjectMeta;g=ObjectMeta
  secrets=2[@core.v1.ObjectReference;k=name imagePullSecrets=3[@core.v1.LocalObjectReference
  automountServiceAccountToken=4*b
core.v1.ServiceAccountList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.ServiceAccount
core.v1.ServiceAccountTokenProjection: audience=1s expirationSeconds=2*I path=3!s
core.v1.ServiceList: kind=0s apiVersion=0s metadata=1!@meta.v1.ListMeta;g=ListMeta
  items=2![@core.v1.Service
core.v1.ServicePort: name=1s protocol=2s;t=v1.Protocol appProtocol=6*s port=3!i targetPort=4!x
  nodePort=5i
core.v1.ServiceSpec: ports=1[@core.v1.ServicePort;k=port selector=2{s clusterIP=3s clusterIPs=18[s
  type=4s;t=v1.ServiceType externalIPs=5[s sessionAffinity=7s;t=v1.ServiceAffinity loadBalancerIP=8s
  loadBalancerSourceRanges=9[s externalName=10s
  externalTrafficPolicy=11s;t=v1.ServiceExternalTrafficPolicyType healthCheckNodePort=12i
  publishNotReadyAddresses=13b sessionAffinityConfig=14*@core.v1.SessionAffinityConfig
  topologyKeys=16[s ipFamilies=19[s;t=v1.IPFamily;g=IPFamilies
  ipFamilyPolicy=17*s;t=v1.IPFamilyPolicyType;g=IPFamilyPolicy allocateLoadBalancerNodePorts=20*b
core.v1.ServiceStatus: loadBalancer=1!@core.v1.LoadBalancerStatus
  conditions=2[@meta.v1.Condition;k=type
core.v1.SessionAffinityConfig: clientIP=1*@core.v1.ClientIPConfig
core.v1.StorageOSVolumeSource: volumeName=1s volumeNamespace=2s fsType=3s;g=FSType readOnly=4b
  secretRef=5*@core.v1.LocalObjectReference
core.v1.Sysctl: name=1!s value=2!s
core.v1.TCPSocketAction: port=1!x host=2s
core.v1.Taint: key=1!s value=2s effect=3!s;t=v1.TaintEffect timeAdded=4*t
core.v1.Toleration: key=1s operator=2s;t=v1.TolerationOperator value=3s effect=4s;t=v1.TaintEffect
  tolerationSeconds=5*I
core.v1.TopologySpreadConstraint: maxSkew=1!i topologyKey=2!s
  whenUnsatisfiable=3!s;t=v1.UnsatisfiableConstraintAction labelSelector=4*@meta.v1.LabelSelector
core.v1.TypedLocalObjectReference: apiGroup=1!*s;g=APIGroup kind=2!s name=3!s
core.v1.Volume: name=1!s =2@core.v1.VolumeSource;g=VolumeSource
core.v1.VolumeDevice: name=1!s devicePath=2!s
core.v1.VolumeMount: name=1!s readOnly=2b mountPath=3!s subPath=4s
  mountPropagation=5*s;t=v1.MountPropagationMode subPathExpr=6s
core.v1.VolumeProjection: secret=1*@core.v1.SecretProjection
  downwardAPI=2*@core.v1.DownwardAPIProjection configMap=3*@core.v1.ConfigMapProjection
  serviceAccountToken=4*@core.v1.ServiceAccountTokenProjection
core.v1.VolumeSource: hostPath=1*@core.v1.HostPathVolumeSource
  emptyDir=2*@core.v1.EmptyDirVolumeSource
  gcePersistentDisk=3*@core.v1.GCEPersistentDiskVolumeSource;g=GCEPersistentDisk
  awsElasticBlockStore=4*@core.v1.AWSElasticBlockStoreVolumeSource;g=AWSElasticBlockStore
  gitRepo=5*@core.v1.GitRepoVolumeSource secret=6*@core.v1.SecretVolumeSource
  nfs=7*@core.v1.NFSVolumeSource;g=NFS iscsi=8*@core.v1.ISCSIVolumeSource;g=ISCSI
  glusterfs=9*@core.v1.GlusterfsVolumeSource
  persistentVolumeClaim=10*@core.v1.PersistentVolumeClaimVolumeSource
  rbd=11*@core.v1.RBDVolumeSource;g=RBD flexVolume=12*@core.v1.FlexVolumeSource
  cinder=13*@core.v1.CinderVolumeSource cephfs=14*@core.v1.CephFSVolumeSource;g=CephFS
  flocker=15*@core.v1.FlockerVolumeSource downwardAPI=16*@core.v1.DownwardAPIVolumeSource
  fc=17*@core.v1.FCVolumeSource;g=FC azureFile=18*@core.v1.AzureFileVolumeSource
  configMap=19*@core.v1.ConfigMapVolumeSource
  vsphereVolume=20*@core.v1.VsphereVirtualDiskVolumeSource quobyte=21*@core.v1.QuobyteVolumeSource
  azureDisk=22*@core.v1.AzureDiskVolumeSource
  photonPersistentDisk=23*@core.v1.PhotonPersistentDiskVolumeSource
  projected=26*@core.v1.ProjectedVolumeSource portworxVolume=24*@core.v1.PortworxVolumeSource
  scaleIO=25*@core.v1.ScaleIOVolumeSource storageos=27*@core.v1.StorageOSVolumeSource;g=StorageOS
  csi=28*@core.v1.CSIVolumeSource;g=CSI ephemeral=29*@core.v1.EphemeralVolumeSource
core.v1.VsphereVirtualDiskVolumeSource: volumePath=1!s fsType=2s;g=FSType storagePolicyName=3s
  storagePolicyID=4s
core.v1.WeightedPodAffinityTerm: weight=1!i podAffinityTerm=2!@core.v1.PodAffinityTerm
core.v1.WindowsSecurityContextOptions: gmsaCredentialSpecName=1*s;g=GMSACredentialSpecName
  gmsaCredentialSpec=2*s;g=GMSACredentialSpec runAsUserName=3*s)";
// clang-format on

}  // namespace fairlead::apiserver
