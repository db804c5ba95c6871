/** The command that reads `url`; the key stays in the reader's own shell, and no token of ours is in it. */
export function curlOf(url: string): string {
  return `curl -s '${url}' \\\n  -H "Authorization: Bearer $PAY_API_KEY"`;
}
