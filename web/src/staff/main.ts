import '../styles/base.css'
import { mount } from 'svelte'
import { locale } from '../i18n/locale.svelte'
import StaffApp from './StaffApp.svelte'

locale.apply(undefined, navigator.languages)
mount(StaffApp, { target: document.getElementById('app')! })
