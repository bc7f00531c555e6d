{{- /* Ends the rendering at values that fit their types and not each other: the cluster would say less, or nothing. */ -}}
{{- define "sluice.checkRelay" -}}
{{- $preStop := include "sluice.preStopSeconds" . -}}
{{- with .Values.relay -}}
{{- $needed := addf (include "sluice.seconds" .grace) (float64 $preStop) -}}
{{- if le (float64 .terminationGracePeriodSeconds) $needed -}}
{{- fail (printf "relay.terminationGracePeriodSeconds is %v, and the relay may need %v s to stop (preStopSeconds %v and grace %v): it has to be more" .terminationGracePeriodSeconds $needed $preStop .grace) -}}
{{- end -}}
{{- $kids := dict -}}
{{- range .hopKeys -}}
{{- if hasKey $kids .kid -}}
{{- fail (printf "relay.hopKeys: two keys have the kid %s, and only one of them would count" .kid) -}}
{{- end -}}
{{- $_ := set $kids .kid true -}}
{{- end -}}
{{- $listening := dict "TCP 8080" "the origin gateway" "TCP 9091" "metrics and probes" -}}
{{- $exposed := dict -}}
{{- range $name, $port := .ports -}}
{{- if or (not (regexMatch "^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$" $name)) (not (regexMatch "[a-z]" $name)) (contains "--" $name) (has $name (list "gateway" "operations")) -}}
{{- fail (printf "relay.ports.%s: Kubernetes' ports and the entry point have one name, of at most 15 small letters, digits and single hyphens, with a letter; gateway and operations are the relay's own" $name) -}}
{{- end -}}
{{- $protocol := $port.protocol | default "TCP" -}}
{{- $here := printf "%s %v" $protocol $port.port -}}
{{- with get $listening $here -}}
{{- fail (printf "relay.ports.%s: port %v of the relay's Pod is taken by %s" $name $port.port .) -}}
{{- end -}}
{{- $_ := set $listening $here (printf "relay.ports.%s" $name) -}}
{{- $outside := printf "%s %v" $protocol ($port.exposedPort | default $port.port) -}}
{{- with get $exposed $outside -}}
{{- fail (printf "relay.ports.%s: port %v of the Service is that of %s already" $name ($port.exposedPort | default $port.port) .) -}}
{{- end -}}
{{- $_ := set $exposed $outside (printf "relay.ports.%s" $name) -}}
{{- if and $port.grpc (eq $protocol "UDP") -}}
{{- fail (printf "relay.ports.%s: gRPC does not come over UDP" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* How long a relay that is told to stop goes on as before, until nobody sends to it any more. */ -}}
{{- define "sluice.preStopSeconds" -}}
{{- .Values.relay.preStopSeconds | default 5 -}}
{{- end }}
