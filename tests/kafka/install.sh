#!/usr/bin/env bash
# Installs what the Kafka tests need, once: OpenSSL's headers to build Kafka's client with TLS, and the jars of an Apache
# Kafka broker from Maven Central, into the build directory. What cannot be had is said; the tests then say that they were
# skipped.
set -uo pipefail
cd "$(dirname "$0")/../.."

libs="${CARGO_TARGET_DIR:-$PWD/target}/kafka-broker/libs"
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

wanted=()
command -v java >/dev/null || wanted+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || wanted+=(maven)
command -v pkg-config >/dev/null || wanted+=(pkg-config)
[ -e /usr/include/openssl/ssl.h ] || wanted+=(libssl-dev)
if [ "${#wanted[@]}" -gt 0 ]; then
    as_root apt-get install -y -q "${wanted[@]}" || { as_root apt-get update -q && as_root apt-get install -y -q "${wanted[@]}"; } ||
        echo "no ${wanted[*]} for this machine"
fi
# A whole set has the version's name beside it, written last.
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' tests/kafka/pom.xml)
if ! [ -e "$libs/complete-$version" ]; then
    rm -rf "$libs"
    mvn -q -B -f tests/kafka/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$libs" && touch "$libs/complete-$version" ||
        echo "no Kafka broker for this machine"
fi
exit 0
