-- The register as it was known: every distinct configuration is kept whole, and register_event says from when it held.
CREATE TABLE register_event (recorded_at TIMESTAMPTZ NOT NULL, plan_hash VARCHAR NOT NULL, config_hash VARCHAR NOT NULL, reason VARCHAR NOT NULL);

CREATE TABLE plan (plan_hash VARCHAR NOT NULL, plan_id VARCHAR NOT NULL, name VARCHAR NOT NULL, city VARCHAR NOT NULL, city_name VARCHAR NOT NULL, start_period VARCHAR NOT NULL, end_period VARCHAR NOT NULL);

CREATE TABLE unit (plan_hash VARCHAR NOT NULL, unit VARCHAR NOT NULL, name VARCHAR NOT NULL, kind VARCHAR NOT NULL, city VARCHAR NOT NULL, sort INTEGER NOT NULL);

CREATE TABLE domain (plan_hash VARCHAR NOT NULL, domain VARCHAR NOT NULL, name VARCHAR NOT NULL, weight DOUBLE NOT NULL, sort INTEGER NOT NULL);

CREATE TABLE action (plan_hash VARCHAR NOT NULL, action VARCHAR NOT NULL, name VARCHAR NOT NULL, domain VARCHAR, clause VARCHAR NOT NULL, kind VARCHAR NOT NULL, sort INTEGER NOT NULL);

CREATE TABLE indicator (plan_hash VARCHAR NOT NULL, indicator VARCHAR NOT NULL, name VARCHAR NOT NULL, domain VARCHAR, action VARCHAR, clause VARCHAR NOT NULL, measure VARCHAR NOT NULL, unit_label VARCHAR NOT NULL, definition VARCHAR NOT NULL, accumulation VARCHAR NOT NULL, direction VARCHAR NOT NULL, scope VARCHAR NOT NULL, rollup VARCHAR NOT NULL, needs_parts BOOLEAN NOT NULL, reports_drop BOOLEAN NOT NULL, weight DOUBLE NOT NULL, lower_limit DOUBLE, upper_limit DOUBLE, sort INTEGER NOT NULL);

-- unit = the city's code for the city target, else the reporter the target binds.
CREATE TABLE target (plan_hash VARCHAR NOT NULL, indicator VARCHAR NOT NULL, unit VARCHAR NOT NULL, scope VARCHAR NOT NULL, target_kind VARCHAR NOT NULL, target_low DOUBLE, target_high DOUBLE, strict BOOLEAN NOT NULL, aspirational BOOLEAN NOT NULL, wording VARCHAR NOT NULL, baseline DOUBLE, baseline_period VARCHAR NOT NULL);

CREATE TABLE yearly_milestone (plan_hash VARCHAR NOT NULL, indicator VARCHAR NOT NULL, year INTEGER NOT NULL, value DOUBLE NOT NULL);

CREATE TABLE reporter (plan_hash VARCHAR NOT NULL, indicator VARCHAR NOT NULL, unit VARCHAR NOT NULL);
