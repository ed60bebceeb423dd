// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/schema.hpp"

namespace fairlead::security {

std::span<const storage::Migration> migrations() {
    static const std::vector<storage::Migration> all{
        {1,
         "users, tokens, certificates, logs",
         {
             "CREATE TABLE IF NOT EXISTS users (id {id} NOT NULL PRIMARY KEY, username {name} NOT "
             "NULL, username_key {name} NOT NULL, display_name {name} NOT NULL, email {text}, "
             "roles "
             "{text} NOT NULL, enabled {bool} NOT NULL, must_change_password {bool} NOT NULL, "
             "password_hash {text} NOT NULL, last_login_at {int}, created_at {int} NOT NULL, "
             "updated_at {int} NOT NULL, version {int} NOT NULL)",
             "CREATE UNIQUE INDEX users_username ON users (username_key)",
             "CREATE INDEX users_created ON users (created_at)",

             "CREATE TABLE IF NOT EXISTS login_sessions (id {id} NOT NULL PRIMARY KEY, user_id "
             "{id} "
             "NOT NULL, token_hash {id} NOT NULL, created_at {int} NOT NULL, expires_at {int} NOT "
             "NULL, FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE)",
             "CREATE UNIQUE INDEX login_sessions_hash ON login_sessions (token_hash)",
             "CREATE INDEX login_sessions_user ON login_sessions (user_id, created_at)",
             "CREATE INDEX login_sessions_expiry ON login_sessions (expires_at)",

             "CREATE TABLE IF NOT EXISTS api_tokens (id {id} NOT NULL PRIMARY KEY, user_id {id} "
             "NOT "
             "NULL, name {name} NOT NULL, token_hash {id} NOT NULL, prefix {id} NOT NULL, roles "
             "{text} NOT NULL, expires_at {int}, last_used_at {int}, created_at {int} NOT NULL, "
             "version {int} NOT NULL, FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE "
             "CASCADE)",
             "CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (token_hash)",
             "CREATE INDEX api_tokens_user ON api_tokens (user_id, created_at)",

             "CREATE TABLE IF NOT EXISTS certificates (id {id} NOT NULL PRIMARY KEY, name {name} "
             "NOT "
             "NULL, description {description} NOT NULL, chain {json} NOT NULL, private_key {json} "
             "NOT NULL, trust {json}, created_at {int} NOT NULL, updated_at {int} NOT NULL, "
             "version "
             "{int} NOT NULL)",
             "CREATE UNIQUE INDEX certificates_name ON certificates (name)",
             "CREATE INDEX certificates_created ON certificates (created_at)",

             "CREATE TABLE IF NOT EXISTS access_log (id {auto}, logged_at {int} NOT NULL, username "
             "{text} NOT NULL, address {text} NOT NULL, method {id} NOT NULL, path {json} NOT "
             "NULL, "
             "action {text} NOT NULL, target {text} NOT NULL, status {int} NOT NULL, milliseconds "
             "{int} NOT NULL, request_id {text} NOT NULL, request_headers {json} NOT NULL, request "
             "{json} NOT NULL, response {json} NOT NULL)",
             "CREATE INDEX access_log_time ON access_log (logged_at)",
             "CREATE INDEX access_log_user ON access_log (username, id)",

             "CREATE TABLE IF NOT EXISTS system_log (id {auto}, logged_at {int} NOT NULL, level "
             "{int} NOT NULL, source {text} NOT NULL, node {id} NOT NULL, message {json} NOT NULL, "
             "context {json} NOT NULL, thread {text} NOT NULL)",
             "CREATE INDEX system_log_time ON system_log (logged_at)",
             "CREATE INDEX system_log_level ON system_log (level, id)",
             "CREATE INDEX system_log_source ON system_log (source, id)",
         }}};
    return all;
}

} // namespace fairlead::security
