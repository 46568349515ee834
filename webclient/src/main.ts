import { mount } from 'svelte';
import './styles/base.css';
import { i18n } from './i18n/i18n.svelte';
import { app } from './state/app.svelte';
import { keepPrefs } from './state/prefs.svelte';
import { watchVersion } from './state/version';
import App from './ui/App.svelte';

keepPrefs();
watchVersion();
i18n.follow();
mount(App, { target: document.getElementById('app')! });
document.getElementById('fallback')?.remove();
void app.open();
