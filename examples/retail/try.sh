#!/usr/bin/env bash
# Corner & Sons on SQLite: shops, cashiers, and a team that makes a manager. Needs `make demo` once.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../trying.sh"

TILL=urn:example:corner:params:scim:schemas:extension:till:1.0:User
PATCH='"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]'

cp "$HERE"/*.toml "$WORK"
sql "$HERE/tills.sql"

scene "What is wrong with the mapping file, and whether the tables agree with it"
run dirbridge test mapping.toml
run dirbridge check --online config.toml
serve

scene "A shop, and its manager before she is there: the pointer is kept"
scim POST /Stores '{"code": "ldn-7", "name": "Borough", "address": {"town": "London", "country": "GB"},
  "openingHours": [{"day": "Mon", "from": "08:00", "to": "20:00"}], "manager": {"value": "00u-bardell"}}'
STORE=$ID
rows "stores" "SELECT code, name, town, country, hours, manager_id FROM stores"

scene "A cashier: a row, a row for each contract, permits in one text, a PIN that is a hash"
scim POST /Users '{
  "userName": "Sam.Weller@corner.example", "externalId": "00u-weller", "name": {"givenName": "Sam", "familyName": "Weller"},
  "nickName": "Sam", "password": "4711-0815",
  "emails": [{"type": "work", "value": "sam.weller@corner.example", "primary": true}, {"type": "home", "value": "sam@home.example"}],
  "'$TILL'": {"discount": "employee", "permits": ["refund", "alcohol"], "store": {"value": "'$STORE'"},
    "contracts": [{"number": "C1", "type": "part", "hours": 19.5}, {"number": "C2", "type": "season", "validUntil": "2026-12-31T00:00:00Z"}]}}'
SAM=$ID
rows "users" "SELECT email, private_mail, full_name, till_login, substr(pin_hash, 1, 8) || '...' AS pin_hash, role_id, discount, permits FROM users"
rows "contracts" "SELECT number, kind, hours, valid_until FROM contracts ORDER BY position"

scene "The manager arrives, and the shop points to her"
scim POST /Users '{"userName": "martha.bardell@corner.example", "externalId": "00u-bardell", "name": {"givenName": "Martha", "familyName": "Bardell"}}'
MARTHA=$ID
scim GET "/Stores/$STORE"

scene "A team decides on the role: it was there before, and Okta links to it"
scim GET '/Groups?filter=displayName eq "Store managers"'
scim PATCH /Groups/t-2 '{'"$PATCH"', "Operations": [{"op": "add", "path": "members", "value": [{"value": "'$MARTHA'"}]}]}'
rows "users" "SELECT email, role_id, created_by FROM users"
scim PATCH /Groups/t-2 '{'"$PATCH"', "Operations": [{"op": "remove", "path": "members[value eq \"'$MARTHA'\"]"}]}'
rows "users" "SELECT email, role_id, created_by FROM users"

scene "What the gateway must not touch"
note "The maker's login for support is protected, and the chain's teams are not to be deleted."
scim PATCH /Users/u-1 '{'"$PATCH"', "Operations": [{"op": "replace", "value": {"active": false}}]}'
scim DELETE /Groups/t-1

scene "Sam is deactivated, then deleted: the till forgets him, and his contracts"
scim PATCH "/Users/$SAM" '{'"$PATCH"', "Operations": [{"op": "replace", "value": {"active": false}}]}'
rows "users" "SELECT email, status, store FROM users"
scim DELETE "/Users/$SAM"
rows "users" "SELECT email, status FROM users"
rows "contracts" "SELECT number, kind FROM contracts"

say
say "That was all in one SQLite file. It is gone now; the files to copy are in $(basename "$HERE")/."
