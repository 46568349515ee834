/** The panels whose code is loaded apart. */
export const panels = {
	chat: () => import('./ChatPanel.svelte'),
	invite: () => import('./InvitePanel.svelte'),
	settings: () => import('./SettingsPanel.svelte'),
	stats: () => import('./StatsPanel.svelte')
};

/** All of them, before a new version of the server has other files. */
export function loadPanels(): void {
	for (const load of Object.values(panels)) load().catch(() => undefined);
}
