#!/bin/sh
# Makes the role and the user of the service in Elasticsearch; running it again changes nothing.
# The service gets what it needs on its own indices, and nothing of the cluster but its state.
set -eu
: "${ELASTICSEARCH:?address, such as https://elasticsearch:9200}"
secrets=${SECRETS:-/run/secrets}

put() {
    # The password of `elastic` goes in by standard input, so that no list of processes shows it.
    printf 'user = "elastic:%s"\n' "$(cat "$secrets/elastic_password")" |
        curl --config - --fail --silent --show-error --retry 5 --retry-connrefused \
            --cacert "$secrets/ca.crt" --request PUT --header 'Content-Type: application/json' \
            --data "@$2" --output /dev/null "$ELASTICSEARCH$1"
}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
cat >"$body" <<'ROLE'
{
  "cluster": ["monitor", "manage_index_templates"],
  "indices": [{ "names": ["yuqing*"], "privileges": ["all"] }]
}
ROLE
put /_security/role/yuqing "$body"
printf '{"password":"%s","roles":["yuqing"]}' "$(cat "$secrets/index_password_setup")" >"$body"
put /_security/user/yuqing "$body"
