import '../styles/base.css'
import { mount } from 'svelte'
import { locale } from '../i18n/locale.svelte'
import App from './App.svelte'

locale.apply(undefined, navigator.languages)
mount(App, { target: document.getElementById('app')! })
