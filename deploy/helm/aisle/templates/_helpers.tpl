{{- define "aisle.name" -}}
{{- printf "%s" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Labels that select the pods of a component; they never change. Takes a dict of root and component. */}}
{{- define "aisle.selector" -}}
app.kubernetes.io/name: aisle
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "aisle.labels" -}}
{{ include "aisle.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "aisle.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A variable from a Secret. Takes a dict of name, secret, key and optional. */}}
{{- define "aisle.fromSecret" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}

{{/* The components that run, with their program and values, as YAML. */}}
{{- define "aisle.components" -}}
profile: {program: [profile-service], values: {{ .Values.profile | toJson }}}
similarity: {program: [similarity-service], values: {{ .Values.similarity | toJson }}}
recommender: {program: [recommender-service], values: {{ .Values.recommender | toJson }}}
gateway: {program: [aisle, gateway], values: {{ .Values.gateway | toJson }}}
{{- if .Values.worker.enabled }}
worker: {program: [similarity-service], values: {{ .Values.worker | toJson }}}
{{- end }}
{{- end }}

{{- define "aisle.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "aisle.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The settings of a component. Takes a dict of root, component and values. */}}
{{- define "aisle.env" -}}
{{- $v := .root.Values -}}
{{- $name := include "aisle.name" .root -}}
- {name: AISLE_LISTEN, value: "0.0.0.0:8080"}
- {name: AISLE_ADMIN_LISTEN, value: "0.0.0.0:9080"}
- {name: AISLE_KEYS_FILE, value: /keys/{{ $v.keysFile.key }}}
- {name: AISLE_KEYS_FILE_ANY_MODE, value: "true"} # the kubelet gives the group of the pod the file
- {name: AISLE_LOG_FORMAT, value: json}
- {name: AISLE_LOG_LEVEL, value: {{ $v.logLevel | quote }}}
{{- with $v.otlpEndpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- if eq .component "gateway" }}
- {name: AISLE_TRUSTED_PROXIES, value: {{ join "," $v.gateway.trustedProxies | quote }}}
- {name: AISLE_PROFILE_URL, value: "http://{{ $name }}-profile:8080"}
- {name: AISLE_SIMILARITY_URL, value: "http://{{ $name }}-similarity:8080"}
- {name: AISLE_RECOMMENDER_URL, value: "http://{{ $name }}-recommender:8080"}
{{- else }}
- {name: AISLE_TRUSTED_PROXIES, value: {{ join "," $v.trustedProxies | quote }}}
{{ include "aisle.fromSecret" (dict "name" "AISLE_SERVICE_KEY" "secret" $v.serviceKey.existingSecret "key" $v.serviceKey.key) }}
{{- with $v.redis.existingSecret }}
{{ include "aisle.fromSecret" (dict "name" "AISLE_REDIS_URL" "secret" . "key" $v.redis.key) }}
{{- end }}
{{- $own := eq .component "worker" | ternary "similarity" .component }}
{{ include "aisle.fromSecret" (dict "name" (printf "AISLE_%s_DATABASE_URL" (upper $own)) "secret" $v.database.existingSecret "key" (get $v.database.keys $own)) }}
{{- if ne .component "profile" }}
- {name: AISLE_PROFILE_URL, value: "http://{{ $name }}-profile:8080"}
{{- end }}
{{- if eq .component "recommender" }}
- {name: AISLE_SIMILARITY_URL, value: "http://{{ $name }}-similarity:8080"}
{{- end }}
{{- if eq $own "similarity" }}
- {name: AISLE_BLOB_URL, value: {{ $v.snapshots.url | quote }}}
- {name: AISLE_ROLE, value: {{ eq .component "worker" | ternary "worker" $v.similarity.role | quote }}}
- {name: TMPDIR, value: /scratch}
{{- end }}
{{- end }}
{{- range $key, $value := .values.env }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
