-- What revision 0001 built when it was released, on SQLite; a released revision never changes.
CREATE TABLE adapters (
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	run VARCHAR, 
	method VARCHAR NOT NULL, 
	base VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	metrics JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_adapters PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_adapters_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE audit (
	id VARCHAR NOT NULL, 
	tenant VARCHAR, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	detail JSON NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id), 
	CONSTRAINT fk_audit_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE datasets (
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	parent VARCHAR, 
	rows INTEGER NOT NULL, 
	labels JSON NOT NULL, 
	report JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_datasets_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE deployments (
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	adapter VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	from_at DATETIME NOT NULL, 
	to_at DATETIME, 
	actor VARCHAR NOT NULL, 
	replaces VARCHAR, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_deployments PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_deployments_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE enablements (
	tenant VARCHAR NOT NULL, 
	vertical VARCHAR NOT NULL, 
	config JSON NOT NULL, 
	enabled_at DATETIME NOT NULL, 
	CONSTRAINT pk_enablements PRIMARY KEY (tenant, vertical), 
	CONSTRAINT fk_enablements_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE feedback (
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	prediction VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	label VARCHAR, 
	value FLOAT, 
	comment TEXT, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_feedback_tenant_prediction FOREIGN KEY(tenant, prediction) REFERENCES predictions (tenant, id), 
	CONSTRAINT fk_feedback_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE idempotency (
	tenant VARCHAR NOT NULL, 
	route VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	body_digest VARCHAR NOT NULL, 
	status INTEGER, 
	response JSON, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (tenant, route, "key")
);
CREATE INDEX ix_adapters_tenant_task_created_at ON adapters (tenant, task, created_at);
CREATE INDEX ix_audit_tenant_id ON audit (tenant, id);
CREATE INDEX ix_datasets_tenant_task_created_at ON datasets (tenant, task, created_at);
CREATE INDEX ix_deployments_tenant_task_from_at ON deployments (tenant, task, from_at);
CREATE INDEX ix_feedback_tenant_prediction ON feedback (tenant, prediction);
CREATE INDEX ix_feedback_tenant_task_id ON feedback (tenant, task, id);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_jobs_state_kind_id ON jobs (state, kind, id);
CREATE INDEX ix_jobs_tenant_started_at ON jobs (tenant, started_at);
CREATE INDEX ix_keys_tenant_id ON keys (tenant, id);
CREATE INDEX ix_usage_tenant_at ON usage (tenant, at);
CREATE TABLE job_events (
	tenant VARCHAR NOT NULL, 
	job VARCHAR NOT NULL, 
	sequence INTEGER NOT NULL, 
	data JSON NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_job_events PRIMARY KEY (tenant, job, sequence), 
	CONSTRAINT fk_job_events_tenant_job FOREIGN KEY(tenant, job) REFERENCES jobs (tenant, id), 
	CONSTRAINT fk_job_events_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE jobs (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	payload JSON NOT NULL, 
	result JSON, 
	error JSON, 
	progress JSON, 
	attempts INTEGER NOT NULL, 
	max_attempts INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	worker VARCHAR, 
	lease_until DATETIME, 
	cancel_requested BOOLEAN NOT NULL, 
	events INTEGER DEFAULT 0 NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	ended_at DATETIME, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT ck_jobs_state CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')), 
	CONSTRAINT fk_jobs_tenant FOREIGN KEY(tenant) REFERENCES tenants (id), 
	CONSTRAINT uq_jobs_tenant_id UNIQUE (tenant, id)
);
CREATE TABLE keys (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	scopes JSON NOT NULL, 
	label VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	last_used_at DATETIME, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT fk_keys_tenant FOREIGN KEY(tenant) REFERENCES tenants (id), 
	CONSTRAINT uq_keys_digest UNIQUE (digest)
);
CREATE TABLE predictions (
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	adapter VARCHAR NOT NULL, 
	record JSON NOT NULL, 
	answer JSON NOT NULL, 
	confidence FLOAT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_predictions PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_predictions_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE refusals (
	tenant VARCHAR NOT NULL, 
	dataset VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	line INTEGER NOT NULL, 
	field VARCHAR, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_refusals PRIMARY KEY (tenant, dataset, position), 
	CONSTRAINT fk_refusals_tenant_dataset FOREIGN KEY(tenant, dataset) REFERENCES datasets (tenant, id), 
	CONSTRAINT fk_refusals_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
CREATE TABLE tenants (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	disabled_at DATETIME, 
	CONSTRAINT pk_tenants PRIMARY KEY (id), 
	CONSTRAINT uq_tenants_name UNIQUE (name)
);
CREATE UNIQUE INDEX uq_deployments_live ON deployments (tenant, task) WHERE to_at IS NULL AND mode = 'live';
CREATE TABLE usage (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	meter VARCHAR NOT NULL, 
	quantity FLOAT NOT NULL, 
	reference VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_usage PRIMARY KEY (id), 
	CONSTRAINT fk_usage_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
