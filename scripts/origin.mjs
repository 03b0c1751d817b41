// Where the sources are: what the published packages say of it. No address is written down here: GitHub Actions gives it, so that a fork's
// packages name the fork, and the provenance that npm signs has to agree with it.

/** What stands in a manifest, and the address that links are relative to; null where nobody says it. */
export function origin({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env) {
  if (!server || !name) return null;
  const home = `${server.replace(/\/+$/, '')}/${name}`;
  return {
    home,
    manifest: {
      homepage: `${home}#readme`,
      repository: { type: 'git', url: `git+${home}.git` },
      bugs: { url: `${home}/issues` },
    },
  };
}

/** Relative links of a page made absolute, to the files of the tag: on npm there is nothing beside the README. Anchors stay. */
export function absoluteLinks(markdown, home, tag) {
  return markdown.replaceAll(
    /(!?)\[([^\]]*)\]\((?![a-z][a-z\d+.-]*:|#|\/)([^)\s]+)\)/gi,
    (_, image, text, path) => `${image}[${text}](${home}/${image ? 'raw' : 'blob'}/${tag}/${path})`,
  );
}
