/**
 * What a child process gets of the environment: a list of what it needs, because a list of what it must not see is never
 * complete. No teacher's key, no password of a database, no credential of a bucket or a cloud is on it.
 */
const common = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TZ', 'LANG', 'LC_*', 'TMPDIR', 'XDG_*'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE'],
  ...['CURL_CA_BUNDLE', 'LD_LIBRARY_PATH', 'DYLD_*', 'PYTHON*', 'SYSTEMROOT'],
];

/** The student engine: its libraries' settings, the GPUs, and the Hugging Face hub, whose token gated models need. */
const engine = [
  ...[
    'CUDA_*',
    'NVIDIA_*',
    'NCCL_*',
    'HIP_*',
    'ROCR_*',
    'OMP_*',
    'MKL_*',
    'KMP_*',
    'OPENBLAS_*',
    'TORCH*',
    'PYTORCH_*',
  ],
  ...['TRITON_*', 'HF_*', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACE_*', 'TRANSFORMERS_*', 'TOKENIZERS_*', 'VLLM_*'],
  ...['CUBLAS_*', 'BNB_*', 'TUTELAGE_HOME', 'TUTELAGE_DEVICE'],
];

/** A Python and its pip, which may need the address and the credentials of a package index. */
const install = ['PIP_*', 'NETRC', 'PYENV_*', 'CONDA_*', 'VIRTUAL_ENV'];

const lists = { engine: [...common, ...engine], install: [...common, ...install] } as const;

/** The part of `environment` that a child of this kind may see; names are compared as the system has them, proxies in either case. */
export function childEnvironment(
  kind: keyof typeof lists,
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const isAllowed = (name: string) =>
    lists[kind].some((allowed) =>
      allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed || isProxy(name, allowed),
    );
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && isAllowed(name) ? [[name, value]] : [],
    ),
  );
}

const isProxy = (name: string, allowed: string) => allowed.endsWith('_PROXY') && name === allowed.toLowerCase();
