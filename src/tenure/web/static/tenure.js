// The pages are complete without this file; it adds two keys, and says where a slider stands while it moves.
document.addEventListener("input", (event) => {
  if (!event.target.matches('input[type="range"]')) return;
  const said = document.querySelector(`label[for="${event.target.id}"] output`);
  if (said) said.textContent = event.target.value;
});
document.addEventListener("keydown", (event) => {
  if (document.body.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  if (event.key === "?") {
    const help = document.querySelector('a[data-key="?"]');
    if (help) location.assign(help.href);
    return;
  }
  const find = document.getElementById("find");
  if (event.key !== "/" || !find) return;
  event.preventDefault();
  find.focus();
  find.select();
});
