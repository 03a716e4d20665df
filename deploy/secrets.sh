#!/bin/sh
# Makes what compose.yaml wants in secrets/: passwords by chance, an own authority with certificates
# for Elasticsearch and the console. What is there already stays. Run as root: each file belongs to
# the one user in the containers that reads it. Own certificate for the console: put console.crt and
# console.key there before or afterwards.
# Usage: sh secrets.sh [NAME]     NAME: under which browsers ask for the console (yuqing.example)
set -eu
name=${1:-yuqing.example}
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chmod 711 secrets
cd secrets

fresh() { openssl rand -hex 24; }
secret() { [ -s "$1" ] || fresh >"$1"; }

secret elastic_password
secret index_password
cp index_password index_password_setup
secret postgres_password
printf 'postgresql://yuqing:%s@postgres:5432/yuqing\n' "$(cat postgres_password)" >database_url

if [ ! -s ca.key ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=yuqing internal CA" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout ca.key -out ca.crt 2>/dev/null
fi
# certificate FILE NAMES: signed by the authority above, valid for 825 days.
certificate() {
    [ -s "$1.key" ] && return
    openssl req -newkey rsa:3072 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 \
        -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    rm "$1.csr" "$1.ext"
}
certificate elasticsearch DNS:elasticsearch,DNS:localhost
certificate console "DNS:$name"

if [ ! -s yuqing.toml ]; then
    sed "s/yuqing\.example/$name/" ../yuqing.toml.example >yuqing.toml
fi
if [ ! -s ../.env ]; then
    # Kafka's ids of clusters are 16 bytes in base64 for addresses.
    printf 'KAFKA_CLUSTER_ID=%s\n' "$(openssl rand -base64 16 | tr '+/' '-_' | tr -d '=')" >../.env
fi

if [ "$(id -u)" = 0 ]; then
    chmod 400 ./*
    chown 10001:10001 database_url index_password yuqing.toml
    chown 1000:0 elastic_password index_password_setup elasticsearch.crt elasticsearch.key
    chown 10002:10002 console.crt console.key
    chmod 444 ca.crt
else
    echo "提醒：没有用 root 运行，容器里的用户读不到这些文件。请用 root 再运行一次。" >&2
fi
echo "已备好 $(pwd)：口令与证书各归其用户；请改 yuqing.toml（本地区、信源、通知渠道），并妥善备份 ca.key。"
