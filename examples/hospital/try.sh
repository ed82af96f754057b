#!/usr/bin/env bash
# St Luke's hospital on SQLite: staff, badges, departments, devices and wards. Needs `make demo` once.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../trying.sh"

STAFF=urn:example:stlukes:params:scim:schemas:extension:staff:1.0:User
ENTERPRISE=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User
PATCH='"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]'

cp "$HERE"/*.toml "$WORK"
sql "$HERE/hospital.sql"

scene "What is wrong with the mapping file, and whether the tables agree with it"
run dirbridge test mapping.toml
run dirbridge check --online config.toml
serve

scene "A department, and a doctor of it: a row, and a row for each badge"
scim POST /Departments '{"name": "Cardiology", "costCenter": "Cardiology"}'
CARDIOLOGY=$ID
scim POST /Users '{
  "userName": "Müllerová", "userType": "Doctor", "name": {"givenName": "Jana", "familyName": "Müllerová"},
  "emails": [{"value": "jana@stlukes.example", "primary": true}, {"value": "jana@home.example"}],
  "phoneNumbers": [{"type": "work", "value": "020 7946 0100", "primary": true}, {"type": "work", "value": "020 7946 0199"}],
  "addresses": [{"type": "home", "country": "CZ"}], "roles": [{"value": "prescriber"}],
  "'$ENTERPRISE'": {"employeeNumber": "10004", "costCenter": "Cardiology"},
  "'$STAFF'": {
    "department": {"value": "'$CARDIOLOGY'"}, "prescriberNumber": "P-77",
    "badges": [{"number": "D-1", "type": "door", "validUntil": "2027-01-31T00:00:00Z"}, {"number": "K-9", "type": "pharmacy"}],
    "licence": {"number": "gmc 7", "board": "GMC", "validUntil": "2028-12-31T00:00:00Z"},
    "qualifications": [{"title": "FRCP", "year": 2019}]}}'
JANA=$ID
rows "staff: who" "SELECT login, home_share, lab_user, shown_as, kind, personnel_no, status FROM staff WHERE personnel_no = '10004'"
rows "staff: values of the house" "SELECT mail, mail_private, phone, phone_night, nationality, cost_centre, role FROM staff WHERE personnel_no = '10004'"
rows "staff: what is its own" "SELECT licence_no, licence_until, prescriber_no, qualifications FROM staff WHERE personnel_no = '10004'"
rows "badges" "SELECT number, kind, valid_until FROM badges ORDER BY position"

scene "It reads back as it was sent, and a badge can be asked for"
scim GET "/Users?filter=$STAFF:badges[number eq \"K-9\"]"
scim GET "/Users/$JANA"

scene "She becomes head of the department, and carries a device"
scim PATCH "/Departments/$CARDIOLOGY" '{'"$PATCH"', "Operations": [{"op": "add", "path": "head.value", "value": "'$JANA'"}]}'
scim POST /Devices '{"serial": "X-100", "model": "Pager 3", "active": true, "location": {"room": "B12"}, "holder": {"value": "'$JANA'"}}'
rows "departments" "SELECT name, cost_centre, (SELECT login FROM staff WHERE staff.id = head_id) AS head FROM departments"
rows "devices" "SELECT serial, model, room, (SELECT login FROM staff WHERE staff.id = holder_id) AS holder, in_use FROM devices"

scene "A badge is handed in, by a PATCH with a filter"
scim PATCH "/Users/$JANA" '{'"$PATCH"', "Operations": [{"op": "remove", "path": "'$STAFF':badges[type eq \"pharmacy\"]"}]}'
rows "badges" "SELECT number, kind, valid_until FROM badges ORDER BY position"

scene "Florence was here before: found by her personnel number, taken over, nothing overwritten that was not said"
scim POST /Users '{"userName": "nightingale", "userType": "Nurse", "name": {"givenName": "Florence", "familyName": "Nightingale"},
  "'$ENTERPRISE'": {"employeeNumber": "10003", "manager": {"value": "'$JANA'"}}}'
FLORENCE=$ID
scim POST /Groups '{"displayName": "Ward 7", "members": [{"value": "'$FLORENCE'"}]}'
rows "staff" "SELECT id, login, kind, status, role, (SELECT boss.login FROM staff boss WHERE boss.id = staff.manager_id) AS manager FROM staff"
rows "wards" "SELECT name, (SELECT login FROM staff WHERE id = staff_id) AS member, source FROM wards LEFT JOIN ward_staff ON ward_id = wards.id"
note "Florence is still 'invited', so the ward waits for her first sign-in; for the identity provider she is a member:"
scim GET "/Groups/$ID"

scene "What the gateway must not touch"
note "The accounts of machines do not exist for it; the row of Henry Jekyll is under inquiry."
scim GET '/Users?filter=userName eq "hl7gateway"'
scim PATCH /Users/s-2 '{'"$PATCH"', "Operations": [{"op": "replace", "value": {"active": false}}]}'

scene "Jana leaves"
scim DELETE "/Users/$JANA"
rows "staff" "SELECT login, status, left_at FROM staff"
run dirbridge audit --limit 3

say
say "That was all in one SQLite file. It is gone now; the files to copy are in $(basename "$HERE")/."
