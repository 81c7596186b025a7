{{- define "semcache.labels" -}}
app.kubernetes.io/name: semcache
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "semcache.meta" -}}
name: {{ .root.Release.Name }}-{{ .component }}
labels:
  {{- include "semcache.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The pod of a program. `env`, `port`, `volumes` and `mounts` are its own; `root` is the chart. */}}
{{- define "semcache.pod" -}}
metadata:
  labels:
    {{- include "semcache.labels" . | nindent 4 }}
  annotations:
    checksum/settings: {{ toToml .root.Values.settings | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  enableServiceLinks: false # what Kubernetes says of a Service named semcache-ui would be read as a setting
  automountServiceAccountToken: false
  restartPolicy: {{ .restart | default "Always" }}
  terminationGracePeriodSeconds: {{ .grace | default 30 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ toJson .command }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      envFrom:
        - secretRef: { name: {{ .root.Values.secret }} }
      env:
        - { name: SEMCACHE_CONFIG, value: /etc/semcache/semcache.toml }
        - { name: SEMCACHE_DATA_DIR, value: /tmp/semcache }
        - { name: HOME, value: /tmp }
        {{- range $name, $value := .env }}
        - { name: {{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      {{- if .port }}
      ports:
        - { name: http, containerPort: {{ .port }} }
      startupProbe:
        httpGet: { path: {{ .alive }}, port: http }
        periodSeconds: 5
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: {{ .alive }}, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: {{ .ready }}, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      resources: {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - { name: settings, mountPath: /etc/semcache, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if ne .root.Values.models "image" }}
        - { name: models, mountPath: /models }
        {{- end }}
        {{- with .mount }}
        - { name: {{ .name }}, mountPath: {{ .path }}, readOnly: true }
        {{- end }}
  volumes:
    - name: settings
      configMap: { name: {{ .root.Release.Name }}-settings }
    - name: tmp
      emptyDir: {}
    {{- if eq .root.Values.models "download" }}
    - name: models
      emptyDir: {}
    {{- else if ne .root.Values.models "image" }}
    - name: models
      persistentVolumeClaim: { claimName: {{ .root.Values.models }} }
    {{- end }}
    {{- with .mount }}
    - name: {{ .name }}
      secret: { secretName: {{ .secret }}, defaultMode: 0440 }
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* A Deployment of a program, and its PodDisruptionBudget. */}}
{{- define "semcache.program" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "semcache.meta" . | nindent 2 }}
spec:
  {{- with .replicas }}
  replicas: {{ . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "semcache.labels" . | nindent 6 }}
  template:
    {{- include "semcache.pod" . | nindent 4 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "semcache.meta" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "semcache.labels" . | nindent 6 }}
{{- end }}

{{- define "semcache.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "semcache.meta" . | nindent 2 }}
spec:
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  {{- if .sticky }}
  sessionAffinity: ClientIP # conversations under way live in the pod
  {{- end }}
  selector:
    {{- include "semcache.labels" (dict "root" .root "component" .component) | nindent 4 }}
  ports:
    - { name: http, port: {{ .port }}, targetPort: http }
{{- end }}
