/** Keeps what this process prints from the test's own output; the text so far, of both streams. */
export function capturePrinted(): () => string {
  let printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
  return () => printed;
}
