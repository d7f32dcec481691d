import type { PublishedFile } from './task';

/** GSM8K as its authors published it: 7,473 training and 1,319 test questions. */
export const gsm8kFiles = {
  train: gsm8kFile('train', '17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465', 4_166_206),
  test: gsm8kFile('test', '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14', 749_738),
};

/** MATH in the split of "Let's Verify Step by Step" (arXiv 2305.20050): 12,000 and 500 questions, with level and subject. */
export const mathFiles = {
  train: mathFile('train', '90d96daeac3fe343ebb1e22ce93dd99690f75983e957f88de42f87cffe1e8076', 10_896_985),
  test: mathFile('test', '35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132', 446_564),
};

function gsm8kFile(set: string, sha256: string, bytes: number): PublishedFile {
  const revision = '3101c7d5072418e28b9008a6636bde82a006892c';
  const url = `https://raw.githubusercontent.com/openai/grade-school-math/${revision}/grade_school_math/data/${set}.jsonl`;
  return { name: `gsm8k-${set}.jsonl`, url, sha256, bytes, license: 'MIT, Copyright (c) 2021 OpenAI' };
}

function mathFile(set: string, sha256: string, bytes: number): PublishedFile {
  const revision = '00811d6de065642a6967b9017d4cee59550c0ef4';
  const url = `https://media.githubusercontent.com/media/openai/prm800k/${revision}/prm800k/math_splits/${set}.jsonl`;
  const license = 'MIT, Copyright (c) 2021 Dan Hendrycks (MATH), Copyright (c) 2023 OpenAI (the split)';
  return { name: `math-${set}.jsonl`, url, sha256, bytes, license };
}
