/** What stops the encryptor; the message is for whoever looks for the cause, the page has words of its own for voters. */
export class EncryptorError extends Error {
  override name = "EncryptorError";
}
