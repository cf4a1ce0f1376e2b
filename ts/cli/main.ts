#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../index.js'

new Command('equipoise')
  .description('Certified optimisation: survey and national reweighting with a proof of every answer')
  .version(version())
  .parse()
