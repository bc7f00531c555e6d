{{- /* With the longest of what comes after it, `-relay-operations`, a Service's name: 63 characters. */ -}}
{{- define "sluice.fullname" -}}
{{- if contains "sluice" .Release.Name }}{{ .Release.Name | trunc 46 | trimSuffix "-" }}{{ else }}{{ printf "%s-sluice" .Release.Name | trunc 46 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "sluice.feedSecret" -}}
{{- dig "existingSecret" "" (.Values.feed | default dict) | default (printf "%s-feed" (include "sluice.fullname" .)) }}
{{- end }}

{{- /* Where a program listens in its Pod, without the port. */ -}}
{{- define "sluice.listen" -}}
{{- .Values.listenAddress | default "[::]" }}
{{- end }}

{{- define "sluice.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* Labels of everything. Arguments: root context, component. */ -}}
{{- define "sluice.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{ include "sluice.selector" . }}
{{- end }}

{{- define "sluice.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* The placement of Pods: spread over nodes unless told otherwise. Arguments: root context, component, values. */ -}}
{{- define "sluice.placement" -}}
{{- $values := index . 2 -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "sluice.selector" . | nindent 8 }}
{{- end }}

{{- define "sluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Rules for namespaced kinds that are read, and the statuses and Events that are written. */ -}}
{{- define "sluice.namespacedRules" -}}
- apiGroups: [""]
  resources: [services, endpoints, secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [traefik.io, traefik.containo.us]
  resources:
    - ingressroutes
    - ingressroutetcps
    - ingressrouteudps
    - middlewares
    - middlewaretcps
    - serverstransports
    - serverstransporttcps
    - tlsoptions
    - tlsstores
    - traefikservices
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, grpcroutes, tcproutes, tlsroutes, udproutes, referencegrants, backendtlspolicies]
  verbs: [get, list, watch]
{{- if .Values.agent.statuses }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [gateway.networking.k8s.io]
  resources:
    - gateways/status
    - httproutes/status
    - grpcroutes/status
    - tcproutes/status
    - tlsroutes/status
    - udproutes/status
    - backendtlspolicies/status
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- end }}

{{- /* Rules for kinds without a namespace. */ -}}
{{- define "sluice.clusterRules" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
{{- if .Values.agent.statuses }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status]
  verbs: [patch]
# The version of Gateway API that is installed, for the status of GatewayClasses.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames: [gatewayclasses.gateway.networking.k8s.io]
  verbs: [get]
{{- end }}
{{- end }}

{{- /* MiB that objects may take of the memory's limit: three quarters. Nothing where there is no limit. */ -}}
{{- define "sluice.heapMib" -}}
{{- $limit := toString (dig "limits" "memory" "" .) -}}
{{- $amount := regexFind "^[0-9.]+" $limit -}}
{{- $mibs := dict "" 9.5367431640625e-07 "k" 9.5367431640625e-04 "Ki" 9.765625e-04 "M" 0.95367431640625 "Mi" 1.0 "G" 953.67431640625 "Gi" 1024.0 -}}
{{- $mib := get $mibs (trimPrefix $amount $limit) -}}
{{- if and $amount $mib -}}
{{- mulf (float64 $amount) $mib 0.75 | floor | int -}}
{{- end -}}
{{- end }}

{{- /* Seconds of a duration such as 1m30s. */ -}}
{{- define "sluice.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- $seconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ms|s|m|h)" . -1 -}}
{{- $seconds = addf $seconds (mulf (float64 (regexFind "^[0-9.]+" .)) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $seconds -}}
{{- end }}
