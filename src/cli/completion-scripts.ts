/**
 * The shells' side of completion. Each hands the words before the cursor to `pgrove __complete`, which answers with a
 * line per candidate: the word, a tab, and what it is.
 */
export const COMPLETION_SHELLS = ["bash", "zsh", "fish"] as const;
export type CompletionShell = (typeof COMPLETION_SHELLS)[number];

// bash cuts words at @ : = too (COMP_WORDBREAKS), so the line is read anew, and what readline keeps is cut off again.
const BASH = `# pgrove completion for bash: eval "$(pgrove completions bash)"
_pgrove() {
  local line=\${COMP_LINE:0:COMP_POINT} current kept candidate
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]}-1]}
  kept=\${current%"\${current##*[@:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    [[ $candidate == "$current"* ]] || continue
    printf -v candidate %q "\${candidate#"$kept"}" # a name may be anything, and what stands on the line is run
    COMPREPLY+=("$candidate")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2> /dev/null)
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2> /dev/null
  return 0
}
complete -F _pgrove pgrove
`;

const ZSH = `#compdef pgrove
# pgrove completion for zsh: eval "$(pgrove completions zsh)"
_pgrove() {
  local line word tab=$'\\t'
  local -a candidates
  while IFS= read -r line; do
    word=\${line%%$tab*}
    candidates+=("\${word//:/\\\\:}:\${line#*$tab}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)
  if (( \${#candidates} )); then
    _describe 'pgrove' candidates
  else
    _files
  fi
}
compdef _pgrove pgrove
`;

const FISH = `# pgrove completion for fish: pgrove completions fish | source
function __pgrove_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    command $words[1] __complete -- $words[2..-1] "$current" 2> /dev/null
end
complete -c pgrove -f -a '(__pgrove_complete)'
complete -c pgrove -n 'test (count (__pgrove_complete)) -eq 0' -F
`;

/** The script that teaches a shell to complete pgrove's words. */
export function completionScript(shell: CompletionShell): string {
  switch (shell) {
    case "bash":
      return BASH;
    case "zsh":
      return ZSH;
    case "fish":
      return FISH;
  }
}
