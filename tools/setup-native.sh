#!/usr/bin/env bash
# Sets up the native binding of TensorFlow.js, which computes gradients two to four times faster than WebAssembly: npm run setup:native
# On Linux x64, its addon is built against the TensorFlow library inside the PyPI wheel tensorflow-cpu; needs python3 with pip, g++ and
# make, and 590 MB for the library, in ~/.cache/tfjs-native unless TFJS_NATIVE_CACHE names another folder. Elsewhere, it is what
# @tensorflow/tfjs-node itself downloads. Does nothing where the binding loads already.
set -euo pipefail
cd "$(dirname "$0")/.."

WHEEL='tensorflow-cpu==2.15.1'
WHEEL_SHA256=54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26
CACHE=${TFJS_NATIVE_CACHE:-$HOME/.cache/tfjs-native/tf-2.15.1}

package=$(node -p 'require("path").dirname(require.resolve("@tensorflow/tfjs-node/package.json"))') || {
  echo '@tensorflow/tfjs-node is not installed: npm ci' >&2
  exit 1
}

loads() {
  TF_CPP_MIN_LOG_LEVEL=2 node -e '
    Object.assign(require("util"), { isArray: Array.isArray, isNullOrUndefined: (value) => value == null })
    const tf = require(process.argv[1])
    const [sum] = tf.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), 1, "valid").dataSync()
    if (tf.getBackend() !== "tensorflow" || sum !== 9) process.exit(1)
    console.log(`The native binding is set up: TensorFlow ${tf.backend().binding.TF_Version}, Node ${process.version}.`)
  ' "$package"
}

if compgen -G "$package/lib/napi-v*/tfjs_binding.node" > /dev/null && loads 2> /dev/null; then exit 0; fi

if [ "$(uname -sm)" != 'Linux x86_64' ]; then
  (cd "$package" && node scripts/install.js)
  loads
  exit
fi

if [ ! -f "$CACHE/.done" ]; then
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  echo "$WHEEL --hash=sha256:$WHEEL_SHA256" > "$download/requirements.txt"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes \
    --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --python-version 3.11 --implementation cp --abi cp311 \
    --dest "$download" --requirement "$download/requirements.txt"
  python3 - "$download"/tensorflow_cpu-*.whl "$CACHE" << 'PYTHON'
import pathlib, shutil, sys, zipfile

wheel, cache = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
headers = ("tensorflow/include/tensorflow/c/", "tensorflow/include/tensorflow/core/platform/", "tensorflow/include/tsl/")
libraries = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
for name in wheel.namelist():
    if name in libraries:
        path = cache / "lib" / pathlib.PurePosixPath(name).name
    elif name.startswith(headers) and name.endswith(".h"):
        path = cache / pathlib.PurePosixPath(name).relative_to("tensorflow")
    else:
        continue
    path.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 22)
PYTHON
  touch "$CACHE/.done"
fi

rm -rf "$package/deps" "$package/lib" "$package/build"
mkdir -p "$package/deps/lib"
ln -s "$CACHE/include" "$package/deps/include"
for library in cc framework; do
  # Under its own name, and under those that the linker and the package's script look for.
  for suffix in .so .so.2 .so.2.9.1; do
    of=$([ $library = cc ] && echo libtensorflow || echo libtensorflow_framework)
    ln -s "$CACHE/lib/libtensorflow_$library.so.2" "$package/deps/lib/$of$suffix"
  done
done
ln -s "$CACHE/lib/libtensorflow_cc.so.2" "$package/deps/lib/libtensorflow_cc.so.2"

# The headers beside the Node that runs, where it has them; else node-gyp fetches them.
node_folder=$(node -p 'require("path").resolve(process.execPath, "../..")')
if [ -f "$node_folder/include/node/node_api.h" ]; then export npm_config_nodedir=$node_folder; fi
build=$(cd "$package" && node -p 'require("path").join(require.resolve("@mapbox/node-pre-gyp/package.json"), "../bin/node-pre-gyp")')
(cd "$package" && node "$build" install --build-from-source > build.log 2>&1) || {
  tail -40 "$package/build.log" >&2
  exit 1
}
loads
