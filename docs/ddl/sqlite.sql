-- 0001_queue
CREATE TABLE "outbox" ( "seq" integer NOT NULL PRIMARY KEY, "id" blob NOT NULL, "firm_id" blob NOT NULL, "topic" text NOT NULL, "at" integer NOT NULL, "actor_id" blob, "correlation" text, "size_bytes" integer NOT NULL, "payload" text NOT NULL, "attempts" integer NOT NULL DEFAULT 0, "not_before" integer, "handled" text NOT NULL DEFAULT ',' ) STRICT;
CREATE TABLE "outbox_dead" ( "seq" integer NOT NULL PRIMARY KEY, "id" blob NOT NULL, "firm_id" blob NOT NULL, "topic" text NOT NULL, "at" integer NOT NULL, "actor_id" blob, "correlation" text, "payload" text NOT NULL, "attempts" integer NOT NULL, "listener" text NOT NULL, "error" text NOT NULL, "died_at" integer NOT NULL ) STRICT;
CREATE TABLE "jobs" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob, "kind" text NOT NULL, "payload" text NOT NULL, "state" text NOT NULL DEFAULT 'waiting', "attempt" integer NOT NULL DEFAULT 0, "max_attempts" integer NOT NULL, "run_at" integer NOT NULL, "leased_until" integer, "dedup_key" text, "error" text ) STRICT;
CREATE INDEX "ix_jobs_due" ON "jobs" ("state", "run_at");
CREATE UNIQUE INDEX "ux_jobs_dedup_key" ON "jobs" ("kind", "dedup_key");
CREATE TABLE "schedules" ( "name" text NOT NULL PRIMARY KEY, "next_run_at" integer NOT NULL, "last_run_at" integer, "leased_until" integer ) STRICT;

-- 0002_rate_limits
CREATE TABLE "rate_limits" ( "key" blob NOT NULL PRIMARY KEY, "paid_micros" integer NOT NULL, "cost_micros" integer NOT NULL ) STRICT;
CREATE INDEX "rate_limits_paid_micros" ON "rate_limits" ("paid_micros");

-- 0010_access
CREATE TABLE "idempotency_keys" ( "scope" text NOT NULL, "key" text NOT NULL, "fingerprint" blob NOT NULL, "created_at" integer NOT NULL, "done" integer NOT NULL, "status" integer, "headers" text, "body" blob, PRIMARY KEY ("scope", "key") ) STRICT;
CREATE INDEX "idempotency_keys_created_at" ON "idempotency_keys" ("created_at");

-- 0033_access_walls
CREATE TABLE "wall_screens" ( "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "case_id" blob NOT NULL, "wall_id" blob NOT NULL, PRIMARY KEY ("firm_id", "user_id", "case_id", "wall_id") ) STRICT;
CREATE TABLE "wall_closures" ( "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "wall_id" blob NOT NULL, PRIMARY KEY ("firm_id", "case_id", "wall_id") ) STRICT;
CREATE TABLE "wall_admissions" ( "firm_id" blob NOT NULL, "wall_id" blob NOT NULL, "user_id" blob NOT NULL, PRIMARY KEY ("firm_id", "wall_id", "user_id") ) STRICT;
CREATE TABLE "firm_policies" ( "firm_id" blob NOT NULL PRIMARY KEY, "walls" integer NOT NULL ) STRICT;
CREATE INDEX "wall_screens_wall" ON "wall_screens" ("firm_id", "wall_id", "user_id");
ALTER TABLE idempotency_keys ADD COLUMN walls integer;

-- 0035_access_grants
CREATE TABLE "permission_grants" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "subject_kind" text NOT NULL, "subject" text NOT NULL, "action" text NOT NULL, "effect" text NOT NULL, "conditions" text NOT NULL, "reason" text NOT NULL, "granted_by" blob NOT NULL, "granted_at" integer NOT NULL, "revoked_by" blob, "revoked_at" integer, "revoke_reason" text ) STRICT;
CREATE INDEX "permission_grants_subject" ON "permission_grants" ("firm_id", "subject_kind", "subject", "granted_at", "id");
ALTER TABLE firm_policies ADD COLUMN grants integer NOT NULL DEFAULT 0;

-- 0064_access_teams
CREATE TABLE "teams" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "name" text NOT NULL, "name_key" text NOT NULL, "description" text, "members" integer NOT NULL, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL ) STRICT;
CREATE UNIQUE INDEX "teams_name" ON "teams" ("firm_id", "name_key");
CREATE TABLE "team_members" ( "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "team_id" blob NOT NULL, PRIMARY KEY ("firm_id", "user_id", "team_id") ) STRICT;
CREATE INDEX "team_members_team" ON "team_members" ("firm_id", "team_id", "user_id");
CREATE TABLE "delegations" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "lender_id" blob NOT NULL, "lender_role" text NOT NULL, "delegate_id" blob NOT NULL, "actions" text NOT NULL, "starts_at" integer NOT NULL, "ends_at" integer NOT NULL, "reason" text NOT NULL, "made_by" blob NOT NULL, "made_at" integer NOT NULL, "ended_by" blob, "ended_at" integer ) STRICT;
CREATE INDEX "delegations_delegate" ON "delegations" ("firm_id", "delegate_id", "ends_at");
CREATE INDEX "delegations_lender" ON "delegations" ("firm_id", "lender_id", "ends_at");

-- 0065_access_case_teams
CREATE TABLE "case_members" ( "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "user_id" blob NOT NULL, "role" text NOT NULL, "added_by" blob NOT NULL, "added_at" integer NOT NULL, PRIMARY KEY ("firm_id", "case_id", "user_id") ) STRICT;
CREATE INDEX "case_members_user" ON "case_members" ("firm_id", "user_id", "role", "case_id");
ALTER TABLE firm_policies ADD COLUMN departures integer NOT NULL DEFAULT 0;

-- 0067_access_approvals
CREATE TABLE "approvals" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "grant_id" blob NOT NULL, "action" text NOT NULL, "approver_role" text NOT NULL, "reason" text NOT NULL, "asked_at" integer NOT NULL, "over_at" integer NOT NULL, "ruled_by" blob, "ruled_at" integer, "ruling" text, "ruling_reason" text, "ended_by" blob, "ended_at" integer ) STRICT;
CREATE INDEX "approvals_user" ON "approvals" ("firm_id", "user_id", "over_at");
CREATE INDEX "approvals_over" ON "approvals" ("firm_id", "over_at");

-- 0069_access_custom_roles
CREATE TABLE "custom_roles" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "name" text NOT NULL, "base" text NOT NULL, "description" text, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL ) STRICT;
CREATE UNIQUE INDEX "custom_roles_name" ON "custom_roles" ("firm_id", "name");
CREATE TABLE "custom_role_holders" ( "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "role_id" blob NOT NULL, PRIMARY KEY ("firm_id", "user_id") ) STRICT;
CREATE INDEX "custom_role_holders_role" ON "custom_role_holders" ("firm_id", "role_id", "user_id");

-- 0011_audit_log
CREATE TABLE "audit_chains" ( "firm_id" blob NOT NULL PRIMARY KEY, "begun_at" integer NOT NULL ) STRICT;
CREATE TABLE "audit_log" ( "firm_id" blob NOT NULL, "seq" integer NOT NULL, "id" blob NOT NULL, "user_id" blob, "session_id" blob, "action" text NOT NULL, "entity" text NOT NULL, "entity_id" blob NOT NULL, "case_id" blob, "outcome" text NOT NULL, "reason" text, "changes" text, "address" text, "user_agent" text, "method" text, "route" text, "correlation" text NOT NULL, "at" integer NOT NULL, "hash" blob NOT NULL, PRIMARY KEY ("firm_id", "seq") ) STRICT, WITHOUT ROWID;
CREATE INDEX "audit_log_entity" ON "audit_log" ("firm_id", "entity_id", "seq");
CREATE INDEX "audit_log_user" ON "audit_log" ("firm_id", "user_id", "seq");
CREATE INDEX "audit_log_case" ON "audit_log" ("firm_id", "case_id", "seq");
CREATE TABLE "audit_checkpoints" ( "firm_id" blob NOT NULL, "seq" integer NOT NULL, "mark" text NOT NULL, "hash" blob NOT NULL, "at" integer NOT NULL, "key_id" text NOT NULL, "signature" blob NOT NULL, PRIMARY KEY ("firm_id", "seq", "mark") ) STRICT;
CREATE TABLE "audit_verifications" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob, "from_seq" integer, "to_seq" integer, "state" text NOT NULL, "asked_at" integer NOT NULL, "ended_at" integer, "verdict" text ) STRICT;
CREATE INDEX "audit_verifications_of_firm" ON "audit_verifications" ("firm_id", "asked_at");
CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log WHEN NOT EXISTS (SELECT 1 FROM audit_checkpoints AS t WHERE t.firm_id = OLD.firm_id AND t.mark = 'tombstone' AND t.seq >= OLD.seq) BEGIN SELECT RAISE(ABORT, 'audit entries are removed under a tombstone only'); END;
CREATE TRIGGER audit_checkpoints_unchanged BEFORE UPDATE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER audit_checkpoints_kept BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END;

-- 0012_audit_entry_forms
ALTER TABLE audit_log ADD COLUMN form integer NOT NULL DEFAULT 1;
ALTER TABLE audit_log ADD COLUMN api_key_id blob;
ALTER TABLE audit_log ADD COLUMN status integer;
ALTER TABLE audit_log ADD COLUMN elapsed_micros integer;

-- 0020_accounts
CREATE TABLE "firms" ( "id" blob NOT NULL PRIMARY KEY, "name" text NOT NULL, "slug" text NOT NULL, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL ) STRICT;
CREATE UNIQUE INDEX "firms_slug" ON "firms" ("slug");
CREATE TABLE "users" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "email" text NOT NULL, "first_name" text NOT NULL, "last_name" text NOT NULL, "search_text" text NOT NULL, "role" text NOT NULL, "active" integer NOT NULL, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL, "last_login_at" integer, "signed_out_at" integer, FOREIGN KEY ("firm_id") REFERENCES "firms" ("id") ) STRICT;
CREATE UNIQUE INDEX "users_email" ON "users" ("email");
CREATE INDEX "users_firm_last_name" ON "users" ("firm_id", "last_name", "first_name", "id");
CREATE UNIQUE INDEX "users_firm_id" ON "users" ("firm_id", "id");
CREATE TABLE "credentials" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "kind" text NOT NULL, "secret" text NOT NULL, "changed_at" integer NOT NULL, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE UNIQUE INDEX "credentials_user_kind" ON "credentials" ("user_id", "kind");

-- 0022_users_second_factor
ALTER TABLE users ADD COLUMN second_factor integer NOT NULL DEFAULT 0;

-- 0060_password_resets
CREATE TABLE "password_resets" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "hash" blob NOT NULL, "created_at" integer NOT NULL, "expires_at" integer NOT NULL, "used_at" integer, FOREIGN KEY ("firm_id", "user_id") REFERENCES "users" ("firm_id", "id") ) STRICT;
CREATE UNIQUE INDEX "password_resets_hash" ON "password_resets" ("hash");
CREATE INDEX "password_resets_of_user" ON "password_resets" ("firm_id", "user_id");
CREATE INDEX "password_resets_expires_at" ON "password_resets" ("expires_at");

-- 0061_invitations
CREATE TABLE "invitations" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "email" text NOT NULL, "first_name" text NOT NULL, "last_name" text NOT NULL, "role" text NOT NULL, "invited_by" blob, "hash" blob, "created_at" integer NOT NULL, "expires_at" integer NOT NULL, "sent_at" integer, "accepted_at" integer, "user_id" blob, "revoked_at" integer, FOREIGN KEY ("firm_id") REFERENCES "firms" ("id") ) STRICT;
CREATE UNIQUE INDEX "invitations_hash" ON "invitations" ("hash");
CREATE INDEX "invitations_created_at" ON "invitations" ("firm_id", "created_at", "id");
CREATE INDEX "invitations_expires_at" ON "invitations" ("expires_at");
CREATE UNIQUE INDEX invitations_open_email ON invitations (firm_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- 0062_api_keys
CREATE TABLE "api_keys" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "name" text NOT NULL, "hash" blob NOT NULL, "scopes" text NOT NULL, "networks" text NOT NULL, "created_at" integer NOT NULL, "expires_at" integer, "last_used_at" integer, "revoked_at" integer, FOREIGN KEY ("firm_id", "user_id") REFERENCES "users" ("firm_id", "id") ) STRICT;
CREATE INDEX "api_keys_of_user" ON "api_keys" ("firm_id", "user_id", "created_at", "id");

-- 0021_sessions
CREATE TABLE "sessions" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "created_at" integer NOT NULL, "last_seen_at" integer NOT NULL, "expires_at" integer NOT NULL, "revoked_at" integer, "revoked_reason" text, "address" text, "user_agent" text, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE INDEX "sessions_of_user" ON "sessions" ("firm_id", "user_id", "expires_at");
CREATE INDEX "sessions_expires_at" ON "sessions" ("expires_at");
CREATE TABLE "refresh_tokens" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "session_id" blob NOT NULL, "hash" blob NOT NULL, "issued_at" integer NOT NULL, "expires_at" integer NOT NULL, "used_at" integer, FOREIGN KEY ("session_id") REFERENCES "sessions" ("id") ) STRICT;
CREATE UNIQUE INDEX "refresh_tokens_hash" ON "refresh_tokens" ("hash");
CREATE INDEX "refresh_tokens_of_session" ON "refresh_tokens" ("session_id");
CREATE TABLE "refused_sign_ins" ( "day" text NOT NULL PRIMARY KEY, "attempts" integer NOT NULL ) STRICT;

-- 0023_devices
CREATE TABLE "devices" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "first_seen_at" integer NOT NULL, "last_seen_at" integer NOT NULL, "trusted_until" integer, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE INDEX "devices_of_user" ON "devices" ("firm_id", "user_id");
CREATE INDEX "devices_last_seen_at" ON "devices" ("last_seen_at");
ALTER TABLE sessions ADD COLUMN device_id blob;
ALTER TABLE sessions ADD COLUMN name text;
ALTER TABLE sessions ADD COLUMN proved_at integer;
CREATE INDEX sessions_open ON sessions (last_seen_at) WHERE revoked_at IS NULL;
CREATE TABLE "sign_ins" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "at" integer NOT NULL, "outcome" text NOT NULL, "session_id" blob, "address" text, "user_agent" text, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE INDEX "sign_ins_of_user" ON "sign_ins" ("firm_id", "user_id", "at");
CREATE INDEX "sign_ins_at" ON "sign_ins" ("at");

-- 0024_standing_versions
CREATE TABLE "standing_versions" ( "firm_id" blob NOT NULL PRIMARY KEY, "version" integer NOT NULL ) STRICT;
CREATE TRIGGER sessions_standing AFTER UPDATE OF revoked_at, proved_at ON sessions WHEN OLD.revoked_at IS NOT NEW.revoked_at OR OLD.proved_at IS NOT NEW.proved_at BEGIN INSERT INTO standing_versions (firm_id, version) VALUES (NEW.firm_id, 1) ON CONFLICT (firm_id) DO UPDATE SET version = version + 1; END;
CREATE TRIGGER users_standing AFTER UPDATE OF role, active, second_factor, signed_out_at ON users WHEN OLD.role IS NOT NEW.role OR OLD.active IS NOT NEW.active OR OLD.second_factor IS NOT NEW.second_factor OR OLD.signed_out_at IS NOT NEW.signed_out_at BEGIN INSERT INTO standing_versions (firm_id, version) VALUES (NEW.firm_id, 1) ON CONFLICT (firm_id) DO UPDATE SET version = version + 1; END;

-- 0025_second_factors
CREATE TABLE "second_factors" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "sealing_key" text NOT NULL, "sealed" blob NOT NULL, "created_at" integer NOT NULL, "confirmed_at" integer, "last_step" integer, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE UNIQUE INDEX "second_factors_user_id" ON "second_factors" ("user_id");
CREATE TABLE "recovery_codes" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "hash" blob NOT NULL, "used_at" integer, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE UNIQUE INDEX "recovery_codes_user_hash" ON "recovery_codes" ("user_id", "hash");

-- 0026_sign_in_providers
CREATE TABLE "provider_identities" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "issuer" text NOT NULL, "subject" text NOT NULL, "linked_at" integer NOT NULL, "last_used_at" integer NOT NULL, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE UNIQUE INDEX "provider_identities_subject" ON "provider_identities" ("firm_id", "issuer", "subject");
CREATE UNIQUE INDEX "provider_identities_of_user" ON "provider_identities" ("firm_id", "user_id", "issuer");
ALTER TABLE sessions ADD COLUMN provider_factor integer NOT NULL DEFAULT 0;
CREATE TABLE "spent_tokens" ( "hash" blob NOT NULL PRIMARY KEY, "expires_at" integer NOT NULL ) STRICT;
CREATE INDEX "spent_tokens_expires_at" ON "spent_tokens" ("expires_at");

-- 0027_passkeys
CREATE TABLE "passkeys" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "user_id" blob NOT NULL, "credential_id" blob NOT NULL, "public_key" blob NOT NULL, "counter" integer NOT NULL, "name" text NOT NULL, "transports" text NOT NULL, "may_be_backed_up" integer NOT NULL, "is_backed_up" integer NOT NULL, "created_at" integer NOT NULL, "last_used_at" integer, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ) STRICT;
CREATE UNIQUE INDEX "passkeys_credential_id" ON "passkeys" ("credential_id");
CREATE INDEX "passkeys_of_user" ON "passkeys" ("firm_id", "user_id");
CREATE TABLE "passkey_challenges" ( "hash" blob NOT NULL PRIMARY KEY, "purpose" text NOT NULL, "firm_id" blob, "user_id" blob, "expires_at" integer NOT NULL ) STRICT;
CREATE INDEX "passkey_challenges_expires_at" ON "passkey_challenges" ("expires_at");
ALTER TABLE sessions ADD COLUMN passkey_id blob;

-- 0030_clients
CREATE TABLE "clients" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "number" text NOT NULL, "name" text NOT NULL, "name_key" text NOT NULL, "kind" text NOT NULL, "status" text NOT NULL, "email" text, "phone" text, "address" text, "notes" text, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL ) STRICT;
CREATE TABLE "client_numbering" ( "firm_id" blob NOT NULL PRIMARY KEY, "last_seq" integer NOT NULL ) STRICT;
CREATE UNIQUE INDEX "clients_firm_id" ON "clients" ("firm_id", "id");
CREATE UNIQUE INDEX "clients_number" ON "clients" ("firm_id", "number");
CREATE INDEX "clients_by_name" ON "clients" ("firm_id", "name_key", "id");
CREATE INDEX "clients_by_status" ON "clients" ("firm_id", "status", "name_key", "id");

-- 0031_cases
CREATE TABLE "cases" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "number" text NOT NULL, "title" text NOT NULL, "title_key" text NOT NULL, "status" text NOT NULL, "practice_area" text, "client_id" blob, "lead_user_id" blob, "court" text, "docket_number" text, "docket_key" text, "judge" text, "filed_on" text, "opened_at" integer NOT NULL, "closed_at" integer, "version" integer NOT NULL, "updated_at" integer NOT NULL, "created_at" integer NOT NULL, "terminated_on" text, "referred_to" text, "cause" text, "nature_of_suit" text, "jurisdiction" text, "jury_demand" text, "demand" text, "description" text, "extra" text, FOREIGN KEY ("firm_id", "client_id") REFERENCES "clients" ("firm_id", "id"), FOREIGN KEY ("firm_id", "lead_user_id") REFERENCES "users" ("firm_id", "id") ) STRICT;
CREATE UNIQUE INDEX "cases_firm_id" ON "cases" ("firm_id", "id");
CREATE UNIQUE INDEX "cases_number" ON "cases" ("firm_id", "number");
CREATE INDEX "cases_opened_at" ON "cases" ("firm_id", "opened_at", "id");
CREATE INDEX "cases_status" ON "cases" ("firm_id", "status", "opened_at", "id");
CREATE INDEX "cases_title" ON "cases" ("firm_id", "status", "title_key", "id");
CREATE INDEX "cases_client" ON "cases" ("firm_id", "client_id");
CREATE UNIQUE INDEX cases_docket_key ON cases (firm_id, court, docket_key) WHERE docket_key IS NOT NULL;
CREATE TABLE "case_numbering" ( "firm_id" blob NOT NULL PRIMARY KEY, "template" text NOT NULL, "last_seq" integer NOT NULL ) STRICT;
CREATE TABLE "parties" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "position" integer NOT NULL, "name" text NOT NULL, "name_key" text NOT NULL, "kind" text NOT NULL, "extra_info" text, "terminated_on" text, "criminal" text, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL, FOREIGN KEY ("firm_id", "case_id") REFERENCES "cases" ("firm_id", "id") ON DELETE CASCADE ) STRICT;
CREATE UNIQUE INDEX "parties_firm_id" ON "parties" ("firm_id", "id");
CREATE INDEX "parties_case" ON "parties" ("firm_id", "case_id", "position", "id");
CREATE INDEX "parties_name" ON "parties" ("firm_id", "name_key", "id");
CREATE TABLE "attorneys" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "party_id" blob NOT NULL, "position" integer NOT NULL, "name" text, "contact" text, "roles" text NOT NULL, FOREIGN KEY ("firm_id", "party_id") REFERENCES "parties" ("firm_id", "id") ON DELETE CASCADE ) STRICT;
CREATE INDEX "attorneys_party" ON "attorneys" ("firm_id", "party_id", "position");
CREATE TABLE "party_aliases" ( "firm_id" blob NOT NULL, "party_id" blob NOT NULL, "position" integer NOT NULL, "kind" text NOT NULL, "name" text NOT NULL, "name_key" text NOT NULL, PRIMARY KEY ("firm_id", "party_id", "position"), FOREIGN KEY ("firm_id", "party_id") REFERENCES "parties" ("firm_id", "id") ON DELETE CASCADE ) STRICT;
CREATE INDEX "party_aliases_name" ON "party_aliases" ("firm_id", "name_key");

-- 0032_cases_found_by
ALTER TABLE cases ADD COLUMN found_by text;
CREATE INDEX cases_unfolded ON cases (id) WHERE found_by IS NULL;

-- 0063_cases_led
CREATE INDEX cases_led ON cases (firm_id, lead_user_id, id) WHERE lead_user_id IS NOT NULL;

-- 0040_docket
CREATE TABLE "docket_entries" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "position" integer NOT NULL, "filed_on" text NOT NULL, "entered_on" text, "number" text, "text" text NOT NULL, "seq_no" text, "pacer_doc_id" text, "page_count" integer, "file_size_bytes" integer, "sealed" integer NOT NULL, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL, FOREIGN KEY ("firm_id", "case_id") REFERENCES "cases" ("firm_id", "id") ON DELETE CASCADE ) STRICT;
CREATE UNIQUE INDEX "docket_entries_key" ON "docket_entries" ("firm_id", "id");
CREATE TABLE "docket_links" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "entry_id" blob NOT NULL, "number" integer NOT NULL, "description" text, "pacer_doc_id" text, "page_count" integer, "file_size_bytes" integer, "document_id" blob, FOREIGN KEY ("firm_id", "entry_id") REFERENCES "docket_entries" ("firm_id", "id") ON DELETE CASCADE ) STRICT;
CREATE INDEX "docket_entries_case" ON "docket_entries" ("firm_id", "case_id", "filed_on", "position");
CREATE INDEX "docket_entries_filed" ON "docket_entries" ("firm_id", "filed_on", "position");
CREATE UNIQUE INDEX "docket_links_entry" ON "docket_links" ("firm_id", "entry_id", "number");

-- 0041_documents
CREATE TABLE "documents" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "case_id" blob, "title" text NOT NULL, "kind" text, "description" text, "tags" text NOT NULL, "custodian" text, "bates_begin" text, "bates_end" text, "bates_prefix" text, "bates_first" integer, "bates_last" integer, "control_number" text, "source" text NOT NULL, "metadata" text NOT NULL, "current_version" integer NOT NULL, "file_name" text NOT NULL, "content_type" text NOT NULL, "size_bytes" integer NOT NULL, "sha256" blob NOT NULL, "text_status" text NOT NULL, "created_by" blob NOT NULL, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL, FOREIGN KEY ("case_id") REFERENCES "cases" ("id") ON DELETE RESTRICT ) STRICT;
CREATE TABLE "document_versions" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "document_id" blob NOT NULL, "number" integer NOT NULL, "file_name" text NOT NULL, "content_type" text NOT NULL, "size_bytes" integer NOT NULL, "sha256" blob NOT NULL, "md5" blob, "note" text, "created_by" blob NOT NULL, "created_at" integer NOT NULL, FOREIGN KEY ("document_id") REFERENCES "documents" ("id") ON DELETE CASCADE ) STRICT;
CREATE TABLE "document_texts" ( "document_id" blob NOT NULL, "number" integer NOT NULL, "piece" integer NOT NULL, "firm_id" blob NOT NULL, "text" text NOT NULL, PRIMARY KEY ("document_id", "number", "piece"), FOREIGN KEY ("document_id") REFERENCES "documents" ("id") ON DELETE CASCADE ) STRICT;
CREATE TABLE "document_blobs" ( "sha256" blob NOT NULL PRIMARY KEY, "state" text NOT NULL, "at" integer NOT NULL ) STRICT;
CREATE INDEX "documents_created" ON "documents" ("firm_id", "created_at", "id");
CREATE INDEX "documents_case" ON "documents" ("case_id", "firm_id", "created_at", "id");
CREATE INDEX "documents_bates" ON "documents" ("firm_id", "bates_prefix", "bates_first");
CREATE UNIQUE INDEX "documents_control_number" ON "documents" ("firm_id", "case_id", "control_number");
CREATE UNIQUE INDEX "document_versions_number" ON "document_versions" ("document_id", "number");
CREATE INDEX "document_versions_sha256" ON "document_versions" ("sha256");
CREATE INDEX "document_blobs_state" ON "document_blobs" ("state", "at");

-- 0042_billing
CREATE TABLE "time_entries" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "user_id" blob NOT NULL, "worked_on" text NOT NULL, "worked_seconds" integer NOT NULL, "description" text NOT NULL, "billable" integer NOT NULL, "activity_code" text, "version" integer NOT NULL, "created_at" integer NOT NULL, "updated_at" integer NOT NULL, FOREIGN KEY ("firm_id", "case_id") REFERENCES "cases" ("firm_id", "id") ON DELETE NO ACTION ) STRICT;
CREATE INDEX "time_entries_case" ON "time_entries" ("firm_id", "case_id", "worked_on", "id");
CREATE INDEX "time_entries_user" ON "time_entries" ("firm_id", "user_id", "worked_on", "id");
CREATE INDEX "time_entries_day" ON "time_entries" ("firm_id", "worked_on", "id");

-- 0034_walls
CREATE TABLE "ethical_walls" ( "id" blob NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "case_id" blob NOT NULL, "reason" text NOT NULL, "raised_by" blob NOT NULL, "raised_at" integer NOT NULL, "lifted_by" blob, "lifted_at" integer, "lift_reason" text, "last_members" text, "version" integer NOT NULL, "updated_at" integer NOT NULL ) STRICT;
CREATE INDEX "ethical_walls_raised_at" ON "ethical_walls" ("firm_id", "raised_at", "id");
CREATE INDEX "ethical_walls_case" ON "ethical_walls" ("firm_id", "case_id", "raised_at", "id");

-- 0050_search
CREATE TABLE "search_entries" ( "seq" integer NOT NULL PRIMARY KEY, "firm_id" blob NOT NULL, "kind" text NOT NULL, "entity_id" blob NOT NULL, "piece" integer NOT NULL, "case_id" blob, "title" text NOT NULL, "body" text NOT NULL, "at" integer NOT NULL ) STRICT;
CREATE UNIQUE INDEX "search_entries_entity" ON "search_entries" ("firm_id", "kind", "entity_id", "piece");
CREATE INDEX "search_entries_case" ON "search_entries" ("firm_id", "case_id");
CREATE VIRTUAL TABLE search_text USING fts5(title, body, content='search_entries', content_rowid='seq', tokenize='unicode61 remove_diacritics 2');
CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN INSERT INTO search_text(rowid, title, body) VALUES (new.seq, new.title, new.body); END;
CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN INSERT INTO search_text(search_text, rowid, title, body) VALUES ('delete', old.seq, old.title, old.body); END;
CREATE TRIGGER search_entries_changed AFTER UPDATE ON search_entries BEGIN INSERT INTO search_text(search_text, rowid, title, body) VALUES ('delete', old.seq, old.title, old.body); INSERT INTO search_text(rowid, title, body) VALUES (new.seq, new.title, new.body); END;

-- 0051_search_folding
DROP TRIGGER search_entries_added;
DROP TRIGGER search_entries_removed;
DROP TRIGGER search_entries_changed;
DROP TABLE search_text;
CREATE VIRTUAL TABLE search_text USING fts5(title, body, content='', contentless_delete=1, tokenize='ascii');
CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN DELETE FROM search_text WHERE rowid = old.seq; END;
ALTER TABLE search_entries ADD COLUMN folding integer;
CREATE INDEX search_entries_unfolded ON search_entries (seq) WHERE folding IS NULL;

-- 0052_search_vocabulary
CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_text, 'row');

