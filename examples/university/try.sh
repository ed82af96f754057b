#!/usr/bin/env bash
# Alder University on an OpenLDAP of its own, from a new faculty to somebody who leaves. Needs `make demo` once.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../trying.sh"

CAMPUS=urn:example:alder:params:scim:schemas:extension:campus:1.0:User
ADA='{
  "userName": "ada", "userType": "Student", "name": {"givenName": "Ada", "familyName": "Byron"},
  "emails": [{"type": "work", "value": "ada@alder.example", "primary": true},
             {"type": "other", "value": "ada@byron.example"}],
  "phoneNumbers": [{"type": "work", "value": "020 7946 0001", "primary": true},
                   {"type": "work", "value": "020 7946 0002"}],
  "addresses": [{"type": "home", "country": "FR"}],
  "'$CAMPUS'": {
    "number": "s-1815", "faculty": "Faculty of Science", "affiliations": ["student", "employee"], "uidNumber": 71815,
    "libraryCard": {"number": "L77", "validUntil": "2027-09-30T00:00:00Z"}, "doorCards": [{"number": "D1"}, {"number": "D2"}],
    "supervisor": {"value": "HR-1906"}
  }
}'

cp "$HERE"/*.toml "$HERE"/slapd.conf "$HERE"/*.schema "$HERE"/*.ldif "$WORK"
printf 'only-for-trying' >"$WORK/password"

PATCH='"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]'

SLAPD=${SLAPD-$(command -v slapd || true)}
if [ -z "$SLAPD" ]; then
    scene "The mapping file: what is wrong with it, and its own tests"
    run dirbridge check mapping.toml
    run dirbridge test mapping.toml
    scene "What the student Ada would become"
    say "slapd is not installed here (Debian: apt-get install slapd), so nothing is written:"
    printf '%s' "$ADA" | run dirbridge map mapping.toml
    exit
fi

PORT=$(free_port)
sed -i.old "s/127.0.0.1:3389/127.0.0.1:$PORT/" "$WORK/config.toml"
mkdir "$WORK/db"
cd "$WORK"
slapadd -q -f slapd.conf -l directory.ldif >slapadd.log 2>&1 || { cat slapadd.log >&2; exit 1; }
"$SLAPD" -f slapd.conf -h "ldap://127.0.0.1:$PORT" -d 0 2>slapd.log &
STARTED+=($!)
cd "$HERE"

scene "What is wrong with the mapping file, and whether the directory agrees with it"
run dirbridge test mapping.toml
run dirbridge check --online config.toml
serve

scene "A faculty: a resource type of the university's own"
scim POST /Faculties '{"name": "Faculty of Science", "code": "S"}'
SCIENCE=$ID

scene "Ada studies: one document, and what each part of it becomes"
note "Her supervisor is named by a payroll number that nobody has yet."
scim POST /Users "$ADA"
ADA_ID=$ID
entry "(uid=ada)"

scene "Her supervisor arrives, and the pointer to her is set; so is the dean of the faculty"
scim POST /Users '{
  "userName": "grace", "externalId": "HR-1906", "userType": "Staff", "name": {"givenName": "Grace", "familyName": "Hopper"},
  "'$CAMPUS'": {"number": "P-1906", "uidNumber": 40002, "assistants": [{"value": "'$ADA_ID'"}]}}'
GRACE=$ID
scim PATCH "/Faculties/$SCIENCE" '{'"$PATCH"', "Operations": [{"op": "add", "path": "dean.value", "value": "'$GRACE'"}]}'
entry "(|(uid=grace)(ou=Faculty of Science))"
scim GET "/Users/$ADA_ID"

scene "Ada is employed: the userType decides about place and group"
scim PATCH "/Users/$ADA_ID" '{'"$PATCH"', "Operations": [{"op": "replace", "value": {"userType": "Staff"}}]}'
entry "(uid=ada)"

scene "What the gateway must not touch"
note "Moriarty is on hold by the legal office: readable, and every write is refused. The account 'backup' is out of scope."
scim GET '/Users?filter=userName eq "moriarty" or userName eq "backup"'
scim POST /Users '{"userName": "moriarty", "name": {"familyName": "M"}, "'$CAMPUS'": {"number": "P-1", "uidNumber": 40001}}'

scene "Ada leaves: locked, moved to ou=left, and the day is noted; references to her follow"
scim PATCH "/Users/$ADA_ID" '{'"$PATCH"', "Operations": [{"op": "replace", "value": {"active": "False"}}]}'
entry "(|(uid=ada)(uid=grace))"

say
say "Everything above stood in a real OpenLDAP. It is gone now; the files to copy are in $(basename "$HERE")/."
